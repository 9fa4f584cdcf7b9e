// SPDX-License-Identifier: GPL-2.0-only
// What nobody but its recipient can look into: an S/MIME envelope (CMS of RFC 5652 6 and 8, RFC 5083), and an
// encrypted OpenPGP message (RFC 9580 10.3), in binary or armoured somewhere in a text (6.2). Told by content
// alone: what is only declared as encrypted may be anything, and an armoured message that is merely signed or
// compressed isn't encrypted.
//
// One pass over the bytes; a NUL in the first KiB tells that they are no text. Limits: `most_armours` of a
// text are looked at, each of `longest_armour` bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rastel::message {

enum class Encryption : std::uint8_t { none, smime, pgp };

[[nodiscard]] Encryption encryption_of(std::string_view bytes);

inline constexpr std::size_t most_armours = 100;
inline constexpr std::size_t longest_armour = 4096;

}  // namespace rastel::message
