// SPDX-License-Identifier: GPL-2.0-only
// The plain middle of base64: whole quanta, one after the other, with nothing between their digits. All that
// is more difficult is base64.cpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rastel::message {

// Decodes text from `at` on, four digits (RFC 4648 4) to three bytes, until something else than four digits
// follows. Writes to `out`, which has room for three quarters of the rest, and advances it. Returns where it
// ends.
[[nodiscard]] std::size_t decode_quanta(std::string_view text, std::size_t at, char*& out);

// The same without the processor's vectors; for tests.
[[nodiscard]] std::size_t decode_quanta_one_by_one(std::string_view text, std::size_t at, char*& out);

// Decodes lines that are as encoders write them: all as long as the one that begins at `at`, of whole quanta,
// with nothing between their digits and a line break behind them. For speed alone: none may be taken, and
// where these end, decode_quanta() may find more. Writes to `out`, which has the same room, and advances it;
// what is written behind it is worth nothing. Returns where a line begins that isn't such a one.
[[nodiscard]] std::size_t decode_lines(std::string_view text, std::size_t at, char*& out);

}  // namespace rastel::message
