// SPDX-License-Identifier: GPL-2.0-only
// What can be wrong with a configuration whose values are each well formed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "configuration/configuration.hpp"

namespace rastel {

struct Problem {
  std::string where;  // "door.smtp[0].listen"
  std::string what;   // one sentence
};
// What can be wrong beyond single values (used by parse_configuration, which knows the lines).
[[nodiscard]] std::vector<Problem> contradictions(const Configuration& configuration);
// What works but is probably not meant: one sentence each.
[[nodiscard]] std::vector<std::string> warnings(const Configuration& configuration);

// Of letters, digits and "-_.", or with characters beyond ASCII.
[[nodiscard]] bool is_domain(std::string_view text);

}  // namespace rastel
