// SPDX-License-Identifier: GPL-2.0-only
// Of embedded.hpp: each finds the next file at or behind `at`, where a line begins, and decodes it: at most
// `room` bytes.
#pragma once

#include <optional>

#include "message/embedded.hpp"

namespace rastel::message {

[[nodiscard]] std::optional<Embedded> next_uuencoded(std::string_view text, std::size_t at, std::size_t room);
// Only of files that have lines between, or behind the digits of a line, which are none of it: without them.
[[nodiscard]] std::optional<Embedded> next_uuencoded_over_junk(std::string_view text, std::size_t at,
                                                               std::size_t room);
[[nodiscard]] std::optional<Embedded> next_yenc(std::string_view text, std::size_t at);
// Data and resource fork, one behind the other.
[[nodiscard]] std::optional<Embedded> next_binhex(std::string_view text, std::size_t at, std::size_t room);

}  // namespace rastel::message
