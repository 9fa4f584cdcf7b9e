// SPDX-License-Identifier: GPL-2.0-only
// Which leaves are messages themselves, by their type and by their looks.
#pragma once

#include <string_view>

namespace rastel::message {

// What is looked into by default, as IMAP does (RFC 9051 7.5.2). Other types of message/ have forms of their
// own (RFC 3464 2.1), are pieces of a message or speak of one elsewhere (RFC 2046 5.2.2, 5.2.3): leaves, that
// somebody may read as messages.
[[nodiscard]] inline bool holds_message(std::string_view type) {
  return type == "message/rfc822" || type == "message/global";
}

// Two fields of a mail's own, or of a part's, in a row: what anybody would take for a message. Looks at a
// dozen lines.
[[nodiscard]] bool looks_like_message(std::string_view bytes);

}  // namespace rastel::message
