// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/mbox.hpp"

#include <utility>

#include "base/planted_bug.hpp"

namespace rastel::scan {
namespace {

constexpr std::string_view separator = "From ";

}  // namespace

void MboxSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) switch (state_) {
      case State::start:
      case State::line_start:
        bytes = take_line_start(bytes);
        break;
      case State::from_line:
        bytes = take_from_line(bytes);
        break;
      case State::line:
        bytes = take_line(bytes);
        break;
      case State::whole:
        sink_.bytes(bytes);
        return;
    }
}

void MboxSplitter::finish() {
  if (!begun_) {
    state_ = State::whole;
    new_message();
    pass(beginning_);
  } else if (state_ == State::line_start && !beginning_.empty()) {
    pass(beginning_);
  }
  // An empty line at the end of all belongs to the form of the file, as before every other "From ".
  sink_.end();
}

std::string_view MboxSplitter::take_from_line(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  if (newline == std::string_view::npos) return {};
  state_ = State::line_start;
  return bytes.substr(newline + 1);
}

// Byte by byte until it is known what the line is: five bytes at most.
std::string_view MboxSplitter::take_line_start(std::string_view bytes) {
  const bool may_separate = state_ == State::start || after_empty_;
  beginning_ += bytes.front();
  bytes.remove_prefix(1);
  if (state_ != State::start && (beginning_ == "\n" || beginning_ == "\r\n")) {
    if (after_empty_) pass({});
    after_empty_ = true;
    empty_line_ = std::exchange(beginning_, {});
    return bytes;
  }
  if (state_ != State::start && beginning_ == "\r") return bytes;
  if (may_separate && separator.starts_with(beginning_)) {
    if (beginning_.size() + (RASTEL_PLANTED(mbox) ? 1 : 0) < separator.size()) return bytes;
    beginning_.clear();
    empty_line_.clear();
    new_message();
    state_ = State::from_line;
    return bytes;
  }
  const std::string line = std::exchange(beginning_, {});
  if (state_ == State::start) {
    new_message();
    state_ = State::whole;
    sink_.bytes(line);
    return bytes;
  }
  pass(line);
  state_ = line.ends_with('\n') ? State::line_start : State::line;
  return bytes;
}

std::string_view MboxSplitter::take_line(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t length = newline == std::string_view::npos ? bytes.size() : newline + 1;
  sink_.bytes(bytes.substr(0, length));
  if (newline != std::string_view::npos) state_ = State::line_start;
  return bytes.substr(length);
}

void MboxSplitter::new_message() {
  if (begun_) sink_.end();
  begun_ = true;
  after_empty_ = false;
  sink_.begin();
}

// What comes behind an empty line shows that the line belongs to the message.
void MboxSplitter::pass(std::string_view bytes) {
  if (std::exchange(after_empty_, false)) sink_.bytes(std::exchange(empty_line_, {}));
  if (!bytes.empty()) sink_.bytes(bytes);
}

}  // namespace rastel::scan
