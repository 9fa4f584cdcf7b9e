// SPDX-License-Identifier: GPL-2.0-only
// Text as it is put into a message: in a transfer encoding, a header field or HTML. All that comes out is
// ASCII in lines of at most 76 bytes (a header field of plain words: of at most 900), and none of its lines
// begins like a delimiter, a MIME field or an mbox line, whatever is in the text: file names of hostile mail
// are.
//
// `text` is UTF-8 (what isn't, is written as it is or as U+FFFD); its lines end by LF or CRLF. Linear in it.
#pragma once

#include <string>
#include <string_view>

#include "verdict/edit_places.hpp"

namespace rastel::edit {

[[nodiscard]] std::string_view to_bytes(LineBreak line_break);

// Lines of `text` joined by `line_break`: as many breaks as it has.
[[nodiscard]] std::string with_breaks(std::string_view text, LineBreak line_break);

// RFC 2045 6.7. As many hard line breaks as the text has, also at its end.
[[nodiscard]] std::string as_quoted_printable(std::string_view text, LineBreak line_break);

// RFC 2045 6.8, each line ended by a break. Padded only where the size isn't a multiple of three.
[[nodiscard]] std::string as_base64(std::string_view bytes, LineBreak line_break);

// Text as an HTML fragment that shows it: markup in it is text, line breaks stay.
[[nodiscard]] std::string as_html(std::string_view text);

// What isn't ASCII as numeric character references: HTML that reads the same in every charset that has ASCII.
[[nodiscard]] std::string as_ascii_html(std::string_view html);

[[nodiscard]] bool is_ascii(std::string_view text);

// What may stand as it is in a header: printable ASCII that doesn't look like an encoded word.
[[nodiscard]] bool is_plain_words(std::string_view text);

// RFC 2047 encoded words of UTF-8, parted by `between`, which holds white space. Control characters and line
// breaks become spaces.
[[nodiscard]] std::string as_encoded_words(std::string_view text, std::string_view between);

// "Name: value" and its line break. A value that isn't plain words, or too long for a line, is encoded.
[[nodiscard]] std::string as_field(std::string_view name, std::string_view value, LineBreak line_break);

}  // namespace rastel::edit
