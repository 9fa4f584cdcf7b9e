// SPDX-License-Identifier: GPL-2.0-only
#include "verdict/ambiguity.hpp"

#include <array>

namespace rastel {
namespace {

using enum Ambiguity;
using enum Gravity;

constexpr std::array rows{
    AmbiguityRow{mixed_line_ends, "MIXED_EOL", soft, "Lines end by CRLF and by a lone LF in one message."},
    AmbiguityRow{bare_cr, "BARE_CR", hard,
                 "A CR without LF in a header: a line break to some, a character to others."},
    AmbiguityRow{nul_in_header, "NUL_IN_HEADER", hard,
                 "A NUL in a header, where some programs stop reading."},
    AmbiguityRow{control_in_header, "CTRL_IN_HEADER", hard,
                 "A control character in a header, which is white space or a line break to some."},
    AmbiguityRow{raw_8bit_header, "RAW_8BIT_HEADER", soft, "Bytes above 127 in a header."},
    AmbiguityRow{long_header_line, "LONG_HEADER_LINE", soft,
                 "A header line of more than 998 bytes, which some programs cut."},
    AmbiguityRow{
        white_header_line, "WS_ONLY_HEADER_LINE", hard,
        "A line of white space in a header: its end to some, a part of the field before it to others."},
    AmbiguityRow{junk_in_header, "JUNK_IN_HEADER", hard,
                 "A line in a header that is no field: the header ends there to some."},
    AmbiguityRow{white_before_name, "WS_BEFORE_NAME", hard, "A header that begins with a folded line."},
    AmbiguityRow{white_before_colon, "WS_BEFORE_COLON", soft,
                 "White space between a field's name and its colon."},
    AmbiguityRow{bad_header_syntax, "BAD_HEADER_SYNTAX", hard,
                 "A MIME field that only a lenient program takes for one: its name or colon is misspelt."},
    AmbiguityRow{header_in_continuation, "HEADER_IN_CONTINUATION", hard,
                 "A folded line that looks like a MIME field of its own."},
    AmbiguityRow{header_like_body, "HEADER_LIKE_BODY", hard, "A body that begins with MIME fields."},
    AmbiguityRow{comment_in_mime_header, "COMMENT_IN_MIME_HEADER", soft,
                 "A comment in a MIME field, which some programs take for a part of its value."},
    AmbiguityRow{bad_parameter_syntax, "BAD_PARAM_SYNTAX", soft,
                 "Parameters of a MIME field that aren't parted by one semicolon."},
    AmbiguityRow{bad_quoting, "BAD_QUOTING", soft,
                 "A parameter whose quotes don't enclose all of its value."},
    AmbiguityRow{white_around_equals, "WS_AROUND_EQ", soft, "White space about the = of a parameter."},
    AmbiguityRow{hidden_parameter, "HIDDEN_PARAM", hard,
                 "A boundary that stands inside another parameter, where some programs find it."},
    AmbiguityRow{duplicate_boundary, "DUP_BOUNDARY_PARAM", hard, "A Content-Type with two boundaries."},
    AmbiguityRow{rfc2231_boundary, "RFC2231_BOUNDARY", hard,
                 "A boundary in RFC 2231's encoding or continuations, which not all programs know."},
    AmbiguityRow{white_in_boundary, "WS_IN_BOUNDARY", soft,
                 "A boundary that begins or ends with white space."},
    AmbiguityRow{empty_boundary, "EMPTY_BOUNDARY", hard, "A boundary of no characters."},
    AmbiguityRow{no_boundary, "NO_BOUNDARY", hard, "A multipart without a boundary."},
    AmbiguityRow{boundary_too_long, "BOUNDARY_TOO_LONG", soft, "A boundary of more than 70 characters."},
    AmbiguityRow{boundary_unused, "BOUNDARY_UNUSED", hard, "A multipart whose boundary doesn't occur in it."},
    AmbiguityRow{
        undeclared_delimiter, "UNDECLARED_DELIMITER", hard,
        "A line that looks like a delimiter, with a MIME header behind it, where no boundary is used."},
    AmbiguityRow{boundary_prefix, "BOUNDARY_PREFIX_OVERLAP", soft,
                 "A line that begins like a delimiter and goes on, or has its letters in another case."},
    AmbiguityRow{no_close_delimiter, "NO_CLOSE_DELIM", soft,
                 "A multipart that ends without its closing delimiter."},
    AmbiguityRow{parts_after_close, "PARTS_AFTER_CLOSE", hard, "A delimiter behind the closing one."},
    AmbiguityRow{duplicate_type, "DUP_CONTENT_TYPE", hard, "Two Content-Types of one part."},
    AmbiguityRow{duplicate_encoding, "DUP_CTE", hard,
                 "Two Content-Transfer-Encodings of one part, saying different things."},
    AmbiguityRow{repeated_encoding, "REPEATED_CTE", soft,
                 "A Content-Transfer-Encoding that stands there twice, saying the same."},
    AmbiguityRow{unknown_encoding, "UNKNOWN_CTE", hard,
                 "A Content-Transfer-Encoding that is none of RFC 2045's five."},
    AmbiguityRow{several_encodings, "MULTI_CTE_TOKENS", hard,
                 "A Content-Transfer-Encoding of several words."},
    AmbiguityRow{legacy_encoding, "LEGACY_CTE", soft,
                 "An encoding of before MIME, which some programs know."},
    AmbiguityRow{encoded_multipart, "CTE_ON_COMPOSITE", hard, "A multipart that is encoded as a whole."},
    AmbiguityRow{encoded_message, "CTE_ON_MESSAGE", soft,
                 "A message within a message that is encoded as a whole."},
    AmbiguityRow{partial_message, "MESSAGE_PARTIAL", hard,
                 "A piece of a message whose others come by themselves, so that nobody sees the whole."},
    AmbiguityRow{external_body, "EXTERNAL_BODY", soft, "A part whose content is fetched from elsewhere."},
    AmbiguityRow{base64_junk, "B64_JUNK", soft, "Characters between base64 digits that are none."},
    AmbiguityRow{base64_padding_inside, "B64_MIDSTREAM_PAD", hard, "Base64 that goes on behind its padding."},
    AmbiguityRow{base64_bad_padding, "B64_BAD_PAD", soft,
                 "Base64 with too few or too many padding characters."},
    AmbiguityRow{base64_data_after_end, "B64_TRAILING_DATA", soft,
                 "Text that isn't base64 behind the end of base64, as mailing lists append it."},
    AmbiguityRow{base64_other_alphabet, "B64_ALPHABET", soft,
                 "Base64 with the characters - and _ of its other alphabet."},
    AmbiguityRow{qp_bad_escape, "QP_BAD_ESCAPE", soft,
                 "A = in quoted-printable text without two hexadecimal digits."},
    AmbiguityRow{qp_odd_soft_break, "QP_ODD_SOFTBREAK", soft,
                 "A soft line break with white space or a lone CR in it, which some programs don't join."},
    AmbiguityRow{embedded_uuencode, "UU_IN_TEXT", soft, "An uuencoded file in a text."},
    AmbiguityRow{embedded_yenc, "YENC", soft, "A file in a text by yEnc."},
    AmbiguityRow{embedded_binhex, "BINHEX", soft, "A file in a text by BinHex."},
    AmbiguityRow{broken_tnef, "TNEF_BROKEN", soft, "A winmail.dat that isn't whole."},
    AmbiguityRow{conflicting_names, "CONFLICTING_NAMES", soft, "Two file names of one part in one field."},
    AmbiguityRow{bidi_in_name, "BIDI_IN_NAME", hard,
                 "A file name that turns the direction of its letters, and so hides its extension."},
    AmbiguityRow{limit_header, "LIMIT_HEADER", hard, "A header with more fields or bytes than we look at."},
    AmbiguityRow{limit_views, "LIMIT_VIEWS", hard, "More readings of a message than we take."},
    AmbiguityRow{limit_parts, "LIMIT_PARTS", hard, "More parts than we look at."},
    AmbiguityRow{limit_depth, "LIMIT_DEPTH", hard, "Parts that lie deeper in each other than we look."},
    AmbiguityRow{limit_size, "LIMIT_SIZE", hard, "More decoded bytes than we look at."},
};

static_assert([] {
  for (std::size_t at = 0; at < rows.size(); ++at)
    if (static_cast<std::size_t>(rows[at].flag) != at) return false;
  return rows.size() == static_cast<std::size_t>(limit_size) + 1;
}());

}  // namespace

std::span<const AmbiguityRow> ambiguities() { return rows; }

const AmbiguityRow& row_of(Ambiguity flag) { return rows[static_cast<std::size_t>(flag)]; }

}  // namespace rastel
