// SPDX-License-Identifier: GPL-2.0-only
// The files of the browser's side, which stand in the program: it can't open any.
#pragma once

#include <span>
#include <string_view>

namespace rastel::page {

struct Asset {
  std::string_view path;  // "/assets/index.js"; the page itself is "/index.html"
  std::string_view type;
  std::string_view bytes;
};

// What the build made of ui/.
[[nodiscard]] std::span<const Asset> built_assets();

}  // namespace rastel::page
