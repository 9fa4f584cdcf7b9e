// SPDX-License-Identifier: GPL-2.0-only
// A line that OpenSMTPD's smtpd writes to a filter (smtpd-filters(7), protocol 0.6 and 0.7):
//
//   config|ready
//   report|VERSION|TIME|smtp-in|EVENT|SESSION|…
//   filter|VERSION|TIME|smtp-in|PHASE|SESSION|TOKEN|…
//
// What a client has said stands in it with its own '|', so that fields are counted from the side where the
// client has no say. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rastel::piping::opensmtpd {

enum class EventKind : std::uint8_t {
  ready,      // nothing more of the configuration comes
  connected,  // value: the client's address, more: its name
  disconnected,
  identified,  // value: what it said in EHLO or HELO
  logged_in,   // value: as whom
  begun,       // a transaction; value: its id
  sender,      // value: an address that was taken
  recipient,   // likewise
  committed,   // the message is in the queue
  reset,       // the transaction is over, whatever became of it
  data_line,   // value: a line, dot-stuffed; "." is the end
  commit,      // the end of the message waits for an answer
  other        // nothing of ours, or malformed
};

// Views of the line.
struct Event {
  EventKind kind = EventKind::other;
  std::string_view session = {}, token = {}, value = {}, more = {};
};

// Without its line end.
[[nodiscard]] Event parse_event(std::string_view line);

// Cuts what comes into lines. One that is longer than smtpd makes any is cut off, and said to be.
class Lines {
 public:
  static constexpr std::size_t longest = 64UL * 1024;  // bytes

  struct Line {
    std::string_view text;  // valid until the next call
    bool cut = false;
  };

  Lines() { held_.reserve(3 * longest); }

  // At most `longest` bytes, and then next() until there is nothing: needs no memory.
  void receive(std::string_view bytes);
  // False: there is no whole one.
  [[nodiscard]] bool next(Line& line);

 private:
  std::string held_;      // at most `longest` and what was received last
  std::size_t from_ = 0;  // of what hasn't been given out
  bool cutting_ = false;  // until the line's end
};

}  // namespace rastel::piping::opensmtpd
