// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/decision.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "inspect/replies.hpp"

namespace rastel::doors::pipe {

using rastel::pipe::Answer;
using rastel::pipe::Doing;

namespace {

std::string text_of(const inspect::Reply& reply) { return reply.lines.front(); }

Doing doing_of(Action done) {
  switch (done) {
    case Action::quarantine:
      return Doing::held;
    case Action::discard:
      return Doing::discarded;
    case Action::reject:
      return Doing::refused;
    case Action::defer:
    case Action::strip:
    case Action::tag:
    case Action::pass:
      break;
  }
  return Doing::deferred;
}

std::string_view word_of(Doing doing) {
  switch (doing) {
    case Doing::pass:
    case Doing::changed:
      return "passes";
    case Doing::held:
      return "held";
    case Doing::discarded:
      return "discarded";
    case Doing::refused:
      return "refused";
    case Doing::busy:
      return "busy";
    case Doing::deferred:
      break;
  }
  return "deferred";
}

}  // namespace

void decide_for_all(inspect::Outcome& outcome) {
  std::vector<Disposition>& dispositions = outcome.verdict.dispositions;
  if (std::ranges::all_of(dispositions, inspect::gets_the_message)) return;
  outcome.versions.clear();
  const Action first = dispositions.front().done;
  const bool same = std::ranges::all_of(
      dispositions, [first](const Disposition& disposition) { return disposition.done == first; });
  if (same) return;
  const bool any_deferred = std::ranges::any_of(
      dispositions, [](const Disposition& disposition) { return disposition.done == Action::defer; });
  for (Disposition& disposition : dispositions)
    disposition.done = any_deferred ? Action::defer : Action::quarantine;
}

Place place_of(rastel::pipe::RequestKind kind, Place configured) {
  switch (kind) {
    case rastel::pipe::RequestKind::filter:
      return Place::after_queue;  // it can't refuse any more: a notice takes the message's place
    case rastel::pipe::RequestKind::verdict:
      return configured == Place::outbound ? configured : Place::before_queue;
    case rastel::pipe::RequestKind::deliver:
    case rastel::pipe::RequestKind::queue:
    case rastel::pipe::RequestKind::passed:
      break;
  }
  return configured;
}

void decide_to_take_or_refuse(inspect::Outcome& outcome) {
  std::vector<Disposition>& dispositions = outcome.verdict.dispositions;
  const bool is_taken_as_it_is = std::ranges::none_of(dispositions, [](const Disposition& disposition) {
    const Action done = disposition.done;
    return done == Action::quarantine || done == Action::discard || done == Action::strip;
  });
  if (is_taken_as_it_is) return;
  outcome.versions.clear();
  for (Disposition& disposition : dispositions) disposition.done = Action::reject;
}

Answer answer_without_message(const inspect::Outcome& outcome, const std::string& id) {
  const Disposition& disposition = outcome.verdict.dispositions.front();
  Answer answer;
  answer.doing = doing_of(disposition.done);
  answer.id = id;
  answer.text = text_of(inspect::reply_to(disposition, id));
  answer.what = class_with_reason(disposition.deciding_class, disposition.reason);
  if (!disposition.finding.empty()) answer.what += " (" + disposition.finding + ")";
  return answer;
}

Answer deferral(std::string text, const std::string& id) {
  Answer answer;
  answer.doing = Doing::deferred;
  answer.id = id;
  answer.text = std::move(text);
  return answer;
}

Answer answer_to(const Error& error) {
  switch (error.kind) {
    case ErrorKind::hostile_message:
      // Not for ever: whoever runs the mail server sees it in the queue, and its limit is to be below ours.
      return deferral("4.3.4 " + error.what, {});
    case ErrorKind::peer:
    case ErrorKind::peer_closed:
      return deferral("4.3.0 " + error.what, {});
    case ErrorKind::invalid_input:
    case ErrorKind::ours:
    case ErrorKind::timed_out:
    case ErrorKind::no_space:
    case ErrorKind::busy:
    case ErrorKind::cancelled:
    case ErrorKind::not_found:
      break;
  }
  return deferral(text_of(inspect::reply_to(error)), {});
}

std::string brief(const Answer& answer) {
  std::string text(word_of(answer.doing));
  if (answer.doing == Doing::refused || answer.doing == Doing::deferred)
    text += ' ' + answer.text.substr(0, answer.text.find(' '));
  return text;
}

std::string text_of(const rastel::pipe::Result& result) {
  using How = rastel::pipe::Result::How;
  switch (result.how) {
    case How::exited:
      return fmt::format("exit {}", result.number);
    case How::killed:
      return fmt::format("signal {}", result.number);
    case How::not_started:
      break;
  }
  return fmt::format("not started: errno {}", result.number);
}

}  // namespace rastel::doors::pipe
