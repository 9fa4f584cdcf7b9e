// SPDX-License-Identifier: GPL-2.0-only
// Of embedded.hpp: each finds the next file at or behind `at`, where a line begins, and decodes it: at most
// `room` bytes.
#pragma once

#include <optional>

#include "message/embedded.hpp"

namespace rastel::message {

// `with_mode`: set where a first line was met that has a mode, whether or not a file follows.
[[nodiscard]] std::optional<Embedded> next_uuencoded(std::string_view text, std::size_t at, std::size_t room,
                                                     bool& with_mode);
// Behind first lines that have a mode, and only of files that have lines between, or behind the digits of a
// line, which are none of it: without them. `unfinished`: where the last one begins that has no end in the
// text.
[[nodiscard]] std::optional<Embedded> next_uuencoded_over_junk(std::string_view text, std::size_t at,
                                                               std::size_t room,
                                                               std::optional<std::size_t>& unfinished);
[[nodiscard]] std::optional<Embedded> next_yenc(std::string_view text, std::size_t at);
// Data and resource fork, one behind the other.
[[nodiscard]] std::optional<Embedded> next_binhex(std::string_view text, std::size_t at, std::size_t room);

}  // namespace rastel::message
