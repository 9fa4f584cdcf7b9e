// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

// Codes in the order of their first instances.
inline std::vector<std::string> codes_for_test(const Oddities& oddities) {
  std::vector<std::string> list;
  for (const Oddity& oddity : oddities.list()) list.emplace_back(row_of(oddity.flag).code);
  return list;
}

}  // namespace rastel::message
