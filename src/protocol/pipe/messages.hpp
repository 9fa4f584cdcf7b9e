// SPDX-License-Identifier: GPL-2.0-only
// The bodies of the frames (frame.hpp): fields, each a tag, the length of its value and the value. Both sides
// encode and decode here. What a field may hold is checked and made fit where it is decoded: a peer may be
// anybody.
//
// Of the envelope nothing is refused: a remote sender chooses addresses and names, and must not be able to
// have a message deferred for ever. Controls, and in addresses what no SMTP command could carry, become '?'.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/pipe/frame.hpp"

namespace rastel::pipe {

enum class RequestKind : char {
  deliver = 'd',  // a delivery follows
  filter = 'f',   // the message goes on to whoever reads the program's output: a notice can take its place
  queue = 'q',    // it goes into a queue
  verdict = 'v',  // whoever asks can take it as it is or refuse it, and has his client still
  passed =
      'u',  // of a message that has passed unscanned, as nobody answered: without it, and without an answer
};

struct Request {
  RequestKind kind = RequestKind::deliver;
  std::string sender = {};  // empty: <>
  std::vector<std::string> recipients = {};
  std::string client_address = {}, client_name = {}, client_helo = {};
  std::string user = {};      // who has logged in; empty: nobody
  std::string queue_id = {};  // the mail server's
  std::string next = {};      // what the message goes to when it passes: the delivery program's path
  bool operator==(const Request&) const = default;
};

enum class Doing : char {
  pass = 'p',     // as it came, with the line on top
  changed = 'c',  // what the descriptor that came along holds, with the line on top
  held = 'h',     // it is kept; who handed it in is rid of it
  discarded = 'x',
  refused = 'r',
  deferred = 'd',
  busy = 'b',  // too many of this user at a time; in a moment
};

struct Answer {
  Doing doing = Doing::deferred;
  std::string id = {};      // empty: it has none yet
  std::string line = {};    // of our header, with its line break; empty: none
  std::uint32_t above = 0;  // bytes of the message that stay above the line: "From ", "Return-Path:", …
  std::string text = {};    // "5.7.1 Message refused: …", for the mail server
  std::string what = {};    // "infected (Eicar-Test-Signature)"
  bool operator==(const Answer&) const = default;
};

// What the delivery program did.
struct Result {
  enum class How : char { exited = 'e', killed = 'k', not_started = 'n' };
  How how = How::exited;
  std::uint32_t number = 0;  // its exit code, or the signal, or errno
  bool operator==(const Result&) const = default;
};

// Bytes of one field of an envelope; what is beyond is cut off.
inline constexpr std::size_t longest_text = 1000;
inline constexpr std::size_t most_recipients = 20'000;

[[nodiscard]] std::string encode(const Request& request);
[[nodiscard]] std::string encode(const Answer& answer);
[[nodiscard]] std::string encode(const Result& result);

[[nodiscard]] std::expected<Request, Fault> decode_request(std::string_view body);
[[nodiscard]] std::expected<Answer, Fault> decode_answer(std::string_view body);
[[nodiscard]] std::expected<Result, Fault> decode_result(std::string_view body);

// Controls as '?', at most `longest_text`.
[[nodiscard]] std::string fit_text(std::string_view text);
// Likewise, and blanks and angle brackets outside of quotes; without brackets around it.
[[nodiscard]] std::string fit_address(std::string_view address);
// "MAILER-DAEMON" is the null path, too.
[[nodiscard]] std::string fit_sender(std::string_view sender);

}  // namespace rastel::pipe
