// SPDX-License-Identifier: GPL-2.0-only
// Every value that some program reads out of a MIME field for one parameter: a second instance's, RFC 2231's
// forms, quotes and white space that are understood differently, and what stands behind every place where the
// parameter's name and `=` do.
//
// Limits: `most_values`; more of them are said.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/structured_value.hpp"

namespace rastel::message {

struct ParameterReadings {
  std::vector<std::string> values;  // each once; the grammar's first, if `declared`
  bool declared = false;            // the grammar has found one
  bool repeated = false;            // and another instance of it
  bool by_rfc2231 = false;          // encoded or continued
  bool hidden = false;              // the name stands at more places than the grammar has seen
  bool cut = false;                 // there are more values

  static constexpr std::size_t most_values = 32;
};

// `value`: of the field, unfolded; `read`: the same by the grammar; `name`: in lower case.
[[nodiscard]] ParameterReadings readings_of(std::string_view value, const StructuredValue& read,
                                            std::string_view name);

}  // namespace rastel::message
