// SPDX-License-Identifier: GPL-2.0-only
// Our own small signature set: EICAR and a marker of ours, so that an empty machine detects something and an
// engine can prove itself. Both test texts are put together from pieces, so that no scanner takes our sources
// or programs for them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rastel::detect {

inline constexpr std::string_view eicar_name = "Eicar-Test-Signature";
inline constexpr std::string_view marker_name = "Rastel-Test-Marker";

[[nodiscard]] std::string eicar();        // the 68 bytes of eicar.org's test file
[[nodiscard]] std::string test_marker();  // 34 bytes

// Writes the databases into `folder` (empty, ours). The marker always, EICAR (whole-file hash and body) if
// asked.
[[nodiscard]] Result<> write_builtin_signatures(const std::filesystem::path& folder, bool with_eicar);

}  // namespace rastel::detect
