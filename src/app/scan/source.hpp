// SPDX-License-Identifier: GPL-2.0-only
// Source: messages out of files, mbox files, folders and standard input, one after the other. Blocking; one
// thread. Of a message at most Message::memory_limit is in memory, the rest in an unnamed file of the spool
// folder; a message over the limit isn't kept, but told of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "base/message.hpp"

namespace rastel::scan {

struct Mail {
  std::string path;          // as it was named, or found; "-": standard input
  std::uint64_t number = 1;  // in its file
  MessagePointer message;    // null: too large
  bool in_mbox = false;
  bool named = false;  // on the command line, not found in a folder
};

struct SourceOptions {
  std::filesystem::path spool;
  std::uint64_t most_bytes = 0;  // of a message
};

class Source {
 public:
  struct Events {
    std::function<bool(Mail mail)> on_mail;            // false: enough
    std::function<void(std::string what)> on_trouble;  // what can't be read; the others go on
    std::function<void(std::uint64_t bytes)> on_read;  // of files, for a bar of progress
    std::function<void()> on_file;                     // one is read to its end
  };
  Source(SourceOptions options, Events events) : options_(std::move(options)), events_(std::move(events)) {}

  void read(const std::string& path);  // "-": standard input

 private:
  enum class Named : std::uint8_t { on_the_command_line, in_a_folder };
  void read_file(const std::string& path, Named named);
  void read_open(int descriptor, const std::string& path, Named named);

  SourceOptions options_;
  Events events_;
  bool enough_ = false;
};

}  // namespace rastel::scan
