// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/decide.hpp"

#include "base/log.hpp"
#include "inspect/replies.hpp"

namespace rastel::inspect {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

void defer_all(Outcome& outcome) {
  for (Disposition& disposition : outcome.verdict.dispositions) disposition.done = Action::defer;
  outcome.versions.clear();
}

smtp::Reply client_lost(const Subject& subject, Outcome& outcome, Story& story) {
  defer_all(outcome);
  story.note = "client lost before the answer";
  return {451, "4.4.2 Error: client lost, id " + subject.id};
}

asio::awaitable<std::optional<smtp::Reply>> decide(Services& services, Asked asked, Outcome& outcome,
                                                   Story& story) {
  const Subject& subject = asked.subject;
  const auto start = SteadyClock::now();
  outcome = co_await services.inspector.inspect(subject, asked.reply_by);
  story.scan = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
  if (!outcome.in_time && !subject.pass_unscanned) {
    defer_all(outcome);
    co_return too_late(subject.id);
  }
  if (outcome.passed_unscanned()) {
    ++services.passed_unscanned;
    outcome.note = outcome.in_time ? "fail=pass: nothing could be scanned" : "fail=pass: no verdict in time";
  }
  if (!asked.client_is_there()) co_return client_lost(subject, outcome, story);
  if (asked.fit) co_await asked.fit(outcome);
  if (!outcome.note.empty()) story.note = outcome.note;
  const auto durable = co_await services.inspector.make_durable(subject, outcome);
  if (!durable) {
    log::error("{}: the quarantine can't take it: {}", subject.id, durable.error().what);
    defer_all(outcome);
    co_return not_held(durable.error(), subject.id);
  }
  co_return std::nullopt;
}

}  // namespace rastel::inspect
