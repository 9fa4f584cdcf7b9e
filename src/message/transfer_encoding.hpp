// SPDX-License-Identifier: GPL-2.0-only
// Which decodings a Content-Transfer-Encoding asks for (RFC 2045 6), under every reading.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

enum class TransferEncoding : std::uint8_t { identity, base64, quoted_printable, uuencode };

[[nodiscard]] std::string_view to_string(TransferEncoding encoding);

struct TransferEncodings {
  // Each once, the default reading's first: that of the first word, or identity when nobody knows the word
  // (RFC 2045 6.4).
  std::vector<TransferEncoding> encodings;
  bool is_packed = false;  // a word says that gzip or the like lies within: x-gzip64
  Oddities oddities;       // places in the value
};

// `value`: unfolded, of one field.
[[nodiscard]] TransferEncodings transfer_encodings_of(std::string_view value);

}  // namespace rastel::message
