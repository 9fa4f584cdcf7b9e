// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/client_machine.hpp"

#include <utility>

#include "base/planted_bug.hpp"

namespace rastel::smtp {

void ClientMachine::expect(Awaited what, std::size_t times) {
  // What lies here before anything was asked was written without seeing our command: a reply injected in
  // front of the true one, which would answer everything after it one too early.
  if (awaited_.empty() && (!input_.empty() || !parser_.idle())) unasked_ = true;
  for (std::size_t i = 0; i < times && awaited_.size() < most_awaited; ++i) awaited_.push_back(what);
}

Result<std::optional<Answer>> ClientMachine::next() {
  if (broken_) return fail(ErrorKind::peer, "the conversation with the server is broken");
  std::string_view rest = input_;
  auto parsed = parser_.parse(rest);
  input_.erase(0, input_.size() - rest.size());
  broken_ = !parsed;
  RASTEL_TRY(auto reply, std::move(parsed));
  if (!reply) return std::nullopt;
  // A 421 may come at any time (RFC 5321 3.8): it answers what is awaited, or is the server's last word.
  const bool closing = reply->code == 421;
  if (awaited_.empty() || unasked_) {
    if (closing) return Answer{Awaited::command, std::move(*reply), false, true};
    broken_ = true;
    return fail(ErrorKind::peer, "the server answered what was not asked: " + reply->one_line());
  }
  Answer answer{awaited_.front(), std::move(*reply), false, closing};
  awaited_.pop_front();
  const int hundreds = answer.reply.code / 100;
  if (answer.to == Awaited::data)
    answer.unexpected = hundreds == 2 || (hundreds == 3 && answer.reply.code != 354);
  else if (answer.to == Awaited::auth)
    answer.unexpected = hundreds < 4 && answer.reply.code != 235 &&
                        (answer.reply.code != 334 || answer.reply.lines.size() != 1);
  else
    answer.unexpected = hundreds == 3;
  if (answer.to == Awaited::starttls && hundreds == 2 && answer.reply.code != 220) answer.unexpected = true;
  return answer;
}

Result<> ClientMachine::begin_tls() {
  const bool more = !input_.empty() || !parser_.idle() || !awaited_.empty();
  const bool broken = std::exchange(broken_, true);
  if (broken || (more && !RASTEL_PLANTED(tls_state)))
    return fail(ErrorKind::peer, "the server sent bytes behind its answer to STARTTLS, in clear");
  parser_ = ReplyParser();
  broken_ = false;
  unasked_ = false;
  return {};
}

}  // namespace rastel::smtp
