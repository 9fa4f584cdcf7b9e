// SPDX-License-Identifier: GPL-2.0-only
// The numbers of the milter protocol, version 6 (PROTOCOLS B-03): what a filter may change (actions), and the
// word of steps, which mixes three meanings: "don't send X" (no_…), "the mail server can do more" and "X will
// get no answer" (silent_…). So all bits at once is never what anybody wants.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rastel::milter {

using Flags = std::uint32_t;

namespace action {
inline constexpr Flags add_headers = 0x1;  // insert and add
inline constexpr Flags change_body = 0x2;
inline constexpr Flags add_recipients = 0x4;
inline constexpr Flags remove_recipients = 0x8;
inline constexpr Flags change_headers = 0x10;  // and remove
inline constexpr Flags quarantine = 0x20;
inline constexpr Flags change_sender = 0x40;
inline constexpr Flags add_recipients_with_arguments = 0x80;
inline constexpr Flags choose_macros = 0x100;  // SETSYMLIST
inline constexpr Flags of_version_1 = 0xf;     // what 0 means
}  // namespace action

namespace step {
inline constexpr Flags no_connect = 0x1;
inline constexpr Flags no_helo = 0x2;
inline constexpr Flags no_mail = 0x4;
inline constexpr Flags no_rcpt = 0x8;
inline constexpr Flags no_body = 0x10;
inline constexpr Flags no_headers = 0x20;
inline constexpr Flags no_end_of_headers = 0x40;
inline constexpr Flags silent_header = 0x80;
inline constexpr Flags no_unknown = 0x100;
inline constexpr Flags no_data = 0x200;
inline constexpr Flags skip = 0x400;                // the answer `skip` is understood
inline constexpr Flags refused_recipients = 0x800;  // shown too, with {rcpt_mailer} = error
inline constexpr Flags silent_connect = 0x1000;
inline constexpr Flags silent_helo = 0x2000;
inline constexpr Flags silent_mail = 0x4000;
inline constexpr Flags silent_rcpt = 0x8000;
inline constexpr Flags silent_data = 0x10000;
inline constexpr Flags silent_unknown = 0x20000;
inline constexpr Flags silent_end_of_headers = 0x40000;
inline constexpr Flags silent_body = 0x80000;
inline constexpr Flags leading_space = 0x100000;  // header values keep the space behind the colon
inline constexpr Flags chunks_256k = 0x10000000;
inline constexpr Flags chunks_1m = 0x20000000;
inline constexpr Flags of_version_1 = 0x3f;  // what 0 means
}  // namespace step

inline constexpr std::uint32_t newest_version = 6;
inline constexpr std::uint32_t oldest_version = 2;

// Octets of one chunk of a body, both ways, and of any packet to the mail server.
inline constexpr std::size_t chunk_64k = 65535;
inline constexpr std::size_t chunk_256k = 256 * 1024 - 1;
inline constexpr std::size_t chunk_1m = 1024 * 1024 - 1;

}  // namespace rastel::milter
