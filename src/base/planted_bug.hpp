// SPDX-License-Identifier: GPL-2.0-only
// Proof that a fuzzer can find something: `./dev fuzz --planted NAME` builds with -DRASTEL_PLANT_NAME, which
// moves one bound of what the fuzzer NAME covers by one; the fuzzer must then crash. In every other build
// RASTEL_PLANTED(NAME) is false at compile time and planted_read() is an ordinary read of a byte that the
// caller has checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#define RASTEL_PLANTED(name) (::rastel::planted::name)

namespace rastel {

namespace planted {
#ifdef RASTEL_PLANT_server_machine
inline constexpr bool server_machine = true;
#else
inline constexpr bool server_machine = false;
#endif
#ifdef RASTEL_PLANT_client_machine
inline constexpr bool client_machine = true;
#else
inline constexpr bool client_machine = false;
#endif
#ifdef RASTEL_PLANT_bdat
inline constexpr bool bdat = true;
#else
inline constexpr bool bdat = false;
#endif
#ifdef RASTEL_PLANT_header_scanner
inline constexpr bool header_scanner = true;
#else
inline constexpr bool header_scanner = false;
#endif
#ifdef RASTEL_PLANT_line_breaks
inline constexpr bool line_breaks = true;
#else
inline constexpr bool line_breaks = false;
#endif
#ifdef RASTEL_PLANT_wire
inline constexpr bool wire = true;
#else
inline constexpr bool wire = false;
#endif
#ifdef RASTEL_PLANT_configuration
inline constexpr bool configuration = true;
#else
inline constexpr bool configuration = false;
#endif
#ifdef RASTEL_PLANT_proxy_protocol
inline constexpr bool proxy_protocol = true;
#else
inline constexpr bool proxy_protocol = false;
#endif
#ifdef RASTEL_PLANT_auth_exchange
inline constexpr bool auth_exchange = true;
#else
inline constexpr bool auth_exchange = false;
#endif
inline constexpr bool any = server_machine || client_machine || bdat || header_scanner || line_breaks ||
                            wire || configuration || proxy_protocol || auth_exchange;
}  // namespace planted

// text[at]. With a bug planted the byte is read from an exact copy on the heap, where a sanitizer sees a read
// past it; a byte stands before the copy, because an empty piece of the heap is one byte to AddressSanitizer.
[[nodiscard]] inline char planted_read(std::string_view text, std::size_t at) {
  if constexpr (planted::any) {
    auto* copy = new char[text.size() + 1];
    for (std::size_t i = 0; i < text.size(); ++i) copy[i + 1] = text[i];
    volatile const char* watched = copy;
    const char byte = watched[at + 1];
    delete[] copy;
    return byte;
  } else {
    return text[at];
  }
}

}  // namespace rastel
