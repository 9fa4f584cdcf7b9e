// SPDX-License-Identifier: GPL-2.0-only
// Ambiguity: a way in which programs understand a message differently. One row a flag: its code is stable and
// stands in reports, logs and rules; docs/ambiguity.md says more of each.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/byte_range.hpp"

namespace rastel {

// In the order of docs/ambiguity.md.
enum class Ambiguity : std::uint8_t {
  mixed_line_ends,
  bare_cr,
  nul_in_header,
  control_in_header,
  raw_8bit_header,
  long_header_line,
  white_header_line,
  junk_in_header,
  white_before_name,
  white_before_colon,
  bad_header_syntax,
  header_in_continuation,
  header_like_body,
  comment_in_mime_header,
  bad_parameter_syntax,
  bad_quoting,
  white_around_equals,
  hidden_parameter,
  duplicate_boundary,
  rfc2231_boundary,
  white_in_boundary,
  empty_boundary,
  no_boundary,
  boundary_too_long,
  boundary_unused,
  undeclared_delimiter,
  boundary_prefix,
  no_close_delimiter,
  parts_after_close,
  duplicate_type,
  duplicate_encoding,
  repeated_encoding,
  unknown_encoding,
  several_encodings,
  legacy_encoding,
  encoded_multipart,
  encoded_message,
  partial_message,
  external_body,
  base64_junk,
  base64_padding_inside,
  base64_bad_padding,
  base64_data_after_end,
  base64_other_alphabet,
  qp_bad_escape,
  qp_odd_soft_break,
  embedded_uuencode,
  embedded_yenc,
  embedded_binhex,
  broken_tnef,
  conflicting_names,
  bidi_in_name,
  limit_header,
  limit_views,
  limit_parts,
  limit_depth,
  limit_size,
};

enum class Gravity : std::uint8_t {
  hard,  // no honest program writes it: class ambiguous
  soft,  // honest mail has it: noted
};

struct AmbiguityRow {
  Ambiguity flag;
  std::string_view code;  // "BARE_CR"
  Gravity gravity;
  std::string_view sentence;
};

// One that a message has.
struct Oddity {
  Ambiguity flag;
  ByteRange first;  // in the message: of what is decoded first, where that stands
  std::uint64_t times = 1;
  bool operator==(const Oddity&) const = default;
};

[[nodiscard]] std::span<const AmbiguityRow> ambiguities();  // all of them, by `flag`
[[nodiscard]] const AmbiguityRow& row_of(Ambiguity flag);

}  // namespace rastel
