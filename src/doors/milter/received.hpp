// SPDX-License-Identifier: GPL-2.0-only
// The trace field that the mail server writes on top of the message and doesn't show to a filter (PROTOCOLS
// B-09): made again for the scanner, which knows mail by it, and for the quarantine. It never goes back.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "verdict/envelope.hpp"

namespace rastel::doors::milter {

// RFC 5321 4.4, with its line breaks. What clients say in it is cut to letters, digits and "._:-".
[[nodiscard]] std::string received_field(const Envelope& envelope, std::string_view host,
                                         std::chrono::system_clock::time_point now);

}  // namespace rastel::doors::milter
