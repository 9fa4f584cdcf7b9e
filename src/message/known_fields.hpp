// SPDX-License-Identifier: GPL-2.0-only
// The fields that say how a message is to be read, and how they are recognised: by everyone, or by a lenient
// eye.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rastel::message {

enum class KnownField : std::uint8_t {
  other,
  mime_version,               // RFC 2045 4
  content_type,               // RFC 2045 5
  content_transfer_encoding,  // RFC 2045 6
  content_disposition,        // RFC 2183
  content_id,                 // RFC 2045 7
  content_description,        // RFC 2045 8
  content_location,           // RFC 2557 4.2
};

[[nodiscard]] KnownField known_field(std::string_view name);

// One of the first four, seen in a line where the grammar has none or another: in front of the name and
// within it white space, control characters, comments and backslashes, behind it any mix of white space, `:`
// and `=`. Only when what follows could be such a field's value: a DKIM-Signature lists these names, too.
struct LenientField {
  KnownField field;
  std::size_t name_begin, name_end, value_begin;  // offsets into the line
};
[[nodiscard]] std::optional<LenientField> lenient_field(std::string_view line);

}  // namespace rastel::message
