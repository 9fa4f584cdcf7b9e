// SPDX-License-Identifier: GPL-2.0-only
// Parameters that RFC 2231 encodes or continues: "name*", "name*0", "name*1*", …
//
// Limits: 256 segments of a parameter; what stands behind them isn't assembled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/ascii.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {

// What all of them make together, in every plausible way: in the order of their numbers up to the first gap
// (the RFC's), as they stand, and in their order over all gaps; each once, at most five. Percent-encoding is
// undone, the charset left as it is.
[[nodiscard]] std::vector<std::string> assembled(const StructuredValue& read, std::string_view name);

// The charset that the first of them names, in lower case; empty: none.
[[nodiscard]] std::string charset_of_parameter(const StructuredValue& read, std::string_view name);

// %XX, where two hexadecimal digits follow.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace rastel::message
