// SPDX-License-Identifier: GPL-2.0-only
// Harmless mails of everyday kinds: a set of signatures that condemns one of them would condemn half of the
// traffic, and isn't taken into use. Built at run time; the same bytes in every release of this file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rastel::detect {

struct CleanMail {
  std::string_view kind;  // "text", "HTML", "zip", "PDF", "document", "picture"
  std::string mail;
};
[[nodiscard]] std::vector<CleanMail> clean_set();

}  // namespace rastel::detect
