// SPDX-License-Identifier: GPL-2.0-only
// The message that a program hands in by its descriptor, as a Message of our own: copied before anything else
// is done, since its owner may change or truncate it; below what the mail server put on top
// (protocol/pipe/lines_above.hpp); with the line ends of the wire (protocol/pipe/line_ends.hpp); without
// forged copies of our header. These functions block as long as the descriptor's file system likes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/file_descriptor.hpp"
#include "base/message.hpp"

namespace rastel::doors::pipe {

struct Taken {
  MessagePointer message;
  Digest retry_key;
  std::string message_id, subject;  // for the listings; hostile text
  std::uint32_t above = 0;          // bytes on top of the original that are no part of `message`
  bool crlf = false;                // the original's line ends
  bool forged = false;              // it had copies of our header, which `message` hasn't
};

// `most`: bytes of the file and of the copy. Errors: hostile_message (too large), peer (no file that can be
// read), peer_closed (it was truncated meanwhile), ours, no_space.
[[nodiscard]] Result<Taken> take(const FileDescriptor& file, std::uint64_t most,
                                 const std::filesystem::path& spool);

// A copy with LF at its line ends.
[[nodiscard]] Result<MessagePointer> with_lf(const Message& message, const std::filesystem::path& spool);

}  // namespace rastel::doors::pipe
