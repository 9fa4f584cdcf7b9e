// SPDX-License-Identifier: GPL-2.0-only
// The client side of SMTP and LMTP without a socket: which replies are awaited, in which order, and whether
// what the server says can be an answer to them (PROTOCOLS A-25). Bounded: ReplyParser's limits and
// `most_awaited`.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "protocol/smtp/reply.hpp"

namespace rastel::smtp {

enum class Awaited : std::uint8_t {
  banner,   // 220
  hello,    // EHLO, LHLO, HELO
  command,  // MAIL, RCPT, RSET, NOOP, VRFY, XFORWARD …: anything but 1xx and 3xx
  data,     // DATA: 354, or a refusal
  content,  // the end of data; in LMTP one a recipient
  quit,
  starttls,  // 220, or a refusal
  auth,      // AUTH, and what answers its 334: 334, 235, or a refusal
};

struct Answer {
  Awaited to = Awaited::command;
  Reply reply;
  // A code that this command can't have: a 2xx to DATA, a 3xx elsewhere. Never to be passed on.
  bool unexpected = false;
  // The server is closing (421).
  bool closing = false;
};

class ClientMachine {
 public:
  static constexpr std::size_t most_awaited = 4096;

  // Something was sent (or is about to be) that will be answered `times` times.
  void expect(Awaited what, std::size_t times = 1);
  void receive(std::string_view bytes) { input_.append(bytes); }
  // nullopt: more bytes are needed. Error `peer`: no reply, or one to nothing (a server that answers twice),
  // even if something was asked since: then the conversation is over.
  [[nodiscard]] Result<std::optional<Answer>> next();
  // The server has said 220 to STARTTLS: what it said before is forgotten. Error `peer`: it said more than
  // that, which would be taken for replies of the encrypted session; the conversation is over.
  [[nodiscard]] Result<> begin_tls();
  [[nodiscard]] std::size_t awaited() const { return awaited_.size(); }
  // Everything asked is answered, and nothing else was said.
  [[nodiscard]] bool at_rest() const {
    return !broken_ && !unasked_ && awaited_.empty() && input_.empty() && parser_.idle();
  }

 private:
  ReplyParser parser_;
  std::string input_;
  std::deque<Awaited> awaited_;
  bool broken_ = false;   // behind an error nothing can be matched any more
  bool unasked_ = false;  // bytes had come before there was a question
};

}  // namespace rastel::smtp
