// SPDX-License-Identifier: GPL-2.0-only
// MboxSplitter: the messages of an mbox file (RFC 4155), in pieces as they come. A message begins behind a
// line that begins with "From " at the file's start or after an empty line, and has neither this line nor the
// empty one before the next. Lines end by LF or CRLF. Content-Length is not believed: who writes it decides
// where a message ends. A ">From " stays as it is, as nobody knows who put the > there.
//
// A file that doesn't begin with "From " is one message. What is kept of it is at most a line's first five
// bytes and an empty line. Single-threaded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rastel::scan {

class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void begin() = 0;
  virtual void bytes(std::string_view piece) = 0;  // of the message begun
  virtual void end() = 0;
};

class MboxSplitter {
 public:
  explicit MboxSplitter(MessageSink& sink) : sink_(sink) {}
  void feed(std::string_view bytes);
  void finish();  // once, after the last piece; a file of no bytes is a message of no bytes
  [[nodiscard]] bool is_mbox() const { return state_ != State::whole && begun_; }

 private:
  enum class State : std::uint8_t {
    start,      // of the file: nothing is decided
    whole,      // no mbox: everything passes
    from_line,  // to its end nothing passes
    line_start,
    line,
  };

  std::string_view take_from_line(std::string_view bytes);
  std::string_view take_line_start(std::string_view bytes);
  std::string_view take_line(std::string_view bytes);
  void new_message();
  void pass(std::string_view bytes);

  MessageSink& sink_;
  State state_ = State::start;
  bool begun_ = false;
  bool after_empty_ = false;  // the line before this one is empty, and kept in empty_line_
  std::string empty_line_;    // "\n" or "\r\n"
  std::string beginning_;     // of this line, as long as it could be a "From " or an empty line
};

}  // namespace rastel::scan
