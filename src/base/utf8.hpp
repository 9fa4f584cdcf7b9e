// SPDX-License-Identifier: GPL-2.0-only
// Hostile text made fit to be shown: in a log, on a terminal, in JSON.
#pragma once

#include <string>
#include <string_view>

namespace rastel {

// Control characters (C0, DEL, and C1 as UTF-8) become \xNN, invalid UTF-8 becomes \xNN octet by octet; valid
// UTF-8 stays, except the marks that turn the direction of text round (U+202A…202E, U+2066…2069), which are
// escaped too.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace rastel
