// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/decide.hpp"

#include <utility>

#include "piping/common.hpp"
#include "piping/notice.hpp"

namespace rastel::piping::opensmtpd {
namespace {

using pipe::Doing;

void take(Decision& decision, Outcome<Spooled> message) {
  if (message) {
    decision.version.original = *std::move(message);
    return;
  }
  say("a message is deferred: " + message.error().what);
  decision.refusal = cant_be_scanned;
}

}  // namespace

Decision deferral(const std::string& why) {
  say("a message is deferred: " + why);
  Decision decision;
  decision.refusal = cant_be_scanned;
  return decision;
}

Decision decide(const Options& options, Question& question, std::chrono::milliseconds within) {
  auto answered = ask(options.socket_path, question.request, question.message, within);
  if (!answered && options.when_away == WhenAway::defer) return deferral(answered.error().what);
  Decision decision;
  if (!answered) {
    take(decision, passing_unscanned(question.message, {.socket_path = options.socket_path,
                                                        .request = question.request,
                                                        .program = "rastel-opensmtpd-filter",
                                                        .why = answered.error().what}));
    return decision;
  }
  pipe::Answer& answer = answered->answer;
  switch (answer.doing) {
    case Doing::changed:
      decision.version.changed = std::move(answered->changed);
      [[fallthrough]];
    case Doing::pass:
      decision.version.original = std::move(question.message);
      decision.version.above = answer.above;
      decision.version.line = std::move(answer.line);
      decision.connection = std::move(answered->connection);
      if (answer.above > decision.version.original.size)
        return deferral("the scanner's answer is of another message");
      break;
    case Doing::held:
    case Doing::discarded:
      take(decision, spool_text(notice(question.message, answer)));
      break;
    case Doing::refused:
      decision.refusal = "550 " + answer.text;
      break;
    case Doing::deferred:
    case Doing::busy:
      decision.refusal = "451 " + answer.text;
      break;
  }
  return decision;
}

}  // namespace rastel::piping::opensmtpd
