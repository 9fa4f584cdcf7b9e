// SPDX-License-Identifier: GPL-2.0-only
// Encoded words (RFC 2047) wherever they stand: in a quoted string, too, where the RFC forbids and many
// programs write them.
#pragma once

#include <string>
#include <string_view>

namespace rastel::message {

// `text` with its encoded words in UTF-8. White space between two of them is none (RFC 2047 6.2). A word
// whose charset or encoding is unknown stays as it is. Linear in the text.
[[nodiscard]] std::string decode_encoded_words(std::string_view text);

}  // namespace rastel::message
