// SPDX-License-Identifier: GPL-2.0-only
// The answers as bits, for the rows of the command table. Of FilterMachine alone.
#pragma once

#include <cstdint>

namespace rastel::milter::answers {

inline constexpr std::uint8_t go_on = 1;
inline constexpr std::uint8_t accept = 2;
inline constexpr std::uint8_t discard = 4;
inline constexpr std::uint8_t reject = 8;
inline constexpr std::uint8_t tempfail = 16;
inline constexpr std::uint8_t skip = 32;
inline constexpr std::uint8_t reply_code = 64;

}  // namespace rastel::milter::answers
