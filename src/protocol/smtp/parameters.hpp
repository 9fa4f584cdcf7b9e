// SPDX-License-Identifier: GPL-2.0-only
// Parameters of MAIL and RCPT, and the EHLO keyword that must have been offered for each (RFC 5321 4.1.1.11).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/smtp/address.hpp"

namespace rastel::smtp {

enum class ParameterOf : std::uint8_t { mail, rcpt };

// Empty: a parameter that is never taken.
[[nodiscard]] std::string_view keyword_for(std::string_view parameter, ParameterOf command);
// Parameters as they stand in a command, without one of them.
[[nodiscard]] std::string without_parameter(std::string_view parameters, std::string_view keyword);
// What a server must offer to be told this. Valid for ever.
[[nodiscard]] std::vector<std::string_view> keywords_needed(const PathArguments& path, ParameterOf command);

}  // namespace rastel::smtp
