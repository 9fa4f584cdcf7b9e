// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/command.hpp"

#include <algorithm>

#include "protocol/smtp/text.hpp"

namespace rastel::smtp {

const VerbRow* find_verb(std::string_view word) {
  const auto found = std::ranges::find_if(verbs, [&](const VerbRow& row) { return equal_ignoring_case(row.name, word); });
  return found == verbs.end() ? nullptr : &*found;
}

}  // namespace rastel::smtp
