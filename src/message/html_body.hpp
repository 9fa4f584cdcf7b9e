// SPDX-License-Identifier: GPL-2.0-only
// Where the text of an HTML document begins, for who wants to put something there.
//
// Linear. Limits: the first `html_look` bytes of the text as it stands, encoded or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rastel::message {

inline constexpr std::size_t html_look = 64U << 10;

enum class HtmlEncoding : std::uint8_t { identity, quoted_printable };

// The offset into `text` behind the first `<body …>` that stands neither in a comment, in a quoted attribute
// nor in the raw text of a script, style or title. Nothing: there is none within the look.
[[nodiscard]] std::optional<std::size_t> behind_body_tag(std::string_view text, HtmlEncoding encoding);

}  // namespace rastel::message
