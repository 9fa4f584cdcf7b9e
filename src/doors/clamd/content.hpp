// SPDX-License-Identifier: GPL-2.0-only
// What is to be scanned, as a Message of our own: a stream as it comes, or a copy of a file. Files are copied
// before the scan since their owner may truncate or change them under the scanner. Nothing of it is
// interpreted. What reads files that others choose may block for as long as their file system likes: it
// belongs in the door's own pool.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/message.hpp"
#include "inspect/spooling.hpp"

namespace rastel::doors::clamd {

// A stream as it comes.
class Incoming {
 public:
  Incoming(std::filesystem::path spool, std::uint64_t most, inspect::BlockingPool& blocking)
      : spooling_(std::move(spool), most, blocking) {}

  [[nodiscard]] boost::asio::awaitable<Result<>> feed(std::string_view bytes);
  [[nodiscard]] boost::asio::awaitable<Result<MessagePointer>> finish();

 private:
  inspect::Spooling spooling_;
  std::string block_;
};

struct Room {
  std::filesystem::path spool;
  std::uint64_t most = 0;  // bytes of one message
};

// What a path or a descriptor leads to. `refused`: why it isn't scanned, as clamd says it; else `folder`: its
// names; else the message.
struct Taken {
  MessagePointer message;
  bool folder = false;
  std::vector<std::string> names;
  std::string refused;
};
// A descriptor that a client has sent; regular files only.
[[nodiscard]] Taken take_descriptor(const FileDescriptor& file, const Room& room);
// `folder`, and a path beneath it (base/os/beneath.hpp); of a folder at most `most_names`.
[[nodiscard]] Taken take_path(const std::string& folder, const std::string& path, std::size_t most_names,
                              const Room& room);

// Which of `folders` a path lies in, and where beneath it. None: outside of all of them, or relative.
struct PlaceOfPath {
  std::string folder, rest;
  bool operator==(const PlaceOfPath&) const = default;
};
[[nodiscard]] std::optional<PlaceOfPath> place_of(std::string_view path,
                                                  const std::vector<std::string>& folders);

}  // namespace rastel::doors::clamd
