// SPDX-License-Identifier: GPL-2.0-only
// Whose an address is. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rastel::policy {

// An address as the server that delivers it understands it: without source route (RFC 5321 C), quoting
// (4.1.2) and the root's dot. Or `<"user"@example.com>` would slip past a rule for user@example.com.
[[nodiscard]] std::string plain_address(std::string_view address);

// `address`: a plain one. "user@example.com" the address, "@example.com" and "example.com" its domain, "<>"
// the empty one.
[[nodiscard]] bool matches_address(std::string_view pattern, std::string_view address);

}  // namespace rastel::policy
