// SPDX-License-Identifier: GPL-2.0-only
// A mailbox in a file (RFC 4155): messages behind each other, each after a line "From …". Any such line with
// a field behind it begins one, also where no empty line stands before it: a text that quotes a mail is read
// once more at worst.
//
// One pass. Limits: `most_messages`.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct Mailbox {
  std::vector<ByteRange> messages;  // each with its "From " line, up to the next; none: it isn't a mailbox
  bool cut = false;                 // there are more

  static constexpr std::size_t most_messages = 1000;
};

// Nothing, too, where there is but one message: then it is that.
[[nodiscard]] Mailbox split_mailbox(std::string_view bytes);

}  // namespace rastel::message
