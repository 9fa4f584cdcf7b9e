// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/answer.hpp"

#include <algorithm>
#include <map>

#include "base/ascii.hpp"
#include "doors/milter/changes.hpp"
#include "inspect/decide.hpp"
#include "inspect/own_field.hpp"
#include "inspect/replies.hpp"

namespace rastel::doors::milter {
namespace {

namespace asio = boost::asio;
using rastel::milter::HeaderEdit;

void hold_all(inspect::Outcome& outcome, std::string_view why) {
  for (const inspect::Version& version : outcome.versions)
    for (const std::size_t recipient : version.recipients)
      outcome.verdict.dispositions[recipient].done = Action::quarantine;
  outcome.versions.clear();
  outcome.note = why;
}

bool gets_the_message(const inspect::Outcome& outcome, std::size_t recipient) {
  return std::ranges::any_of(outcome.versions, [&](const inspect::Version& version) {
    return std::ranges::find(version.recipients, recipient) != version.recipients.end();
  });
}

std::vector<std::size_t> left_out(const inspect::Outcome& outcome) {
  std::vector<std::size_t> recipients;
  for (std::size_t i = 0; i < outcome.verdict.dispositions.size(); ++i)
    if (!gets_the_message(outcome, i)) recipients.push_back(i);
  return recipients;
}

class Answering {
 public:
  Answering(Ended ended, const MilterDoorOptions& options, Rights rights, inspect::Services& services)
      : ended_(std::move(ended)), options_(options), rights_(rights), services_(services) {
    ended_.subject.one_version = true;
    story_.receive = ended_.receive_time;
  }

  asio::awaitable<Answer> run() {
    Answer answer;
    inspect::Asked asked{subject(), ended_.reply_by, ended_.server_is_there, {}};
    asked.fit = [this, &answer](inspect::Outcome& outcome) -> asio::awaitable<void> {
      fit(outcome, rights_, subject().message);
      answer = co_await changes();
    };
    const auto deferred = co_await inspect::decide(services_, std::move(asked), outcome_, story_);
    if (deferred) co_return said(*deferred);
    if (outcome_.versions.empty()) co_return of_nobody();
    if (outcome_.released) co_await services_.inspector.spend_release(subject());
    answer.kind = Answer::Kind::go_on;
    answer.removed_recipients = left_out(outcome_);
    story_.reply = "continue";
    tell();
    co_return answer;
  }

 private:
  [[nodiscard]] const inspect::Subject& subject() const { return ended_.subject; }

  void tell() { inspect::tell(subject(), outcome_, story_, services_.history, services_.counters); }

  Answer said(rastel::smtp::Reply reply) {
    story_.reply = reply.brief();
    tell();
    return {.kind = Answer::Kind::say, .reply = std::move(reply)};
  }

  // Nobody gets the message.
  Answer of_nobody() {
    const auto& strictest = *std::ranges::min_element(outcome_.verdict.dispositions, {}, &Disposition::done);
    rastel::smtp::Reply reply = inspect::reply_to(strictest, subject().id);
    if (!reply.positive()) return said(std::move(reply));
    story_.reply = "discard";
    tell();
    return {.kind = Answer::Kind::drop};
  }

  // Of header and body, for the one version that is handed on. One that can't be said is held.
  asio::awaitable<Answer> changes() {
    Answer answer;
    if (outcome_.versions.empty()) co_return answer;
    const inspect::Version version = outcome_.versions.front();
    if (version.message != subject().message) {
      auto work = [before = subject().message, after = version.message, space = rights_.space] {
        return changes_between(*before, *after, space);
      };
      const Result<Changes> changes = co_await services_.blocking.run(std::move(work));
      std::string scratch;
      if (changes && rastel::milter::append_edits(scratch, changes->headers, rights_.space)) {
        answer.headers = changes->headers;
        if (changes->body) {
          answer.new_body = version.message;
          answer.new_body_at = *changes->body;
        }
      } else if (!version.removed.empty()) {
        hold_all(outcome_, "the edited message can't be said to the mail server");
        co_return answer;
      } else {
        outcome_.note = "not marked: it can't be said to the mail server";
      }
    }
    add_own_field(answer, version);
    co_return answer;
  }

  // On top; forged ones go.
  void add_own_field(Answer& answer, const inspect::Version& version) const {
    if (rights_.change_headers) {
      std::map<std::string, std::uint32_t> count;
      for (const std::string& name : ended_.forged)
        answer.headers.push_back({HeaderEdit::Kind::remove, ++count[lower(name)], name, {}});
    }
    if (options_.header && rights_.add_headers)
      answer.headers.push_back({HeaderEdit::Kind::insert, 0, std::string(inspect::own_field),
                                inspect::own_field_value(subject(), outcome_, version)});
  }

  Ended ended_;
  const MilterDoorOptions& options_;
  const Rights rights_;
  inspect::Services& services_;
  inspect::Outcome outcome_;
  inspect::Story story_;
};

}  // namespace

void fit(inspect::Outcome& outcome, const Rights& rights, const MessagePointer& original) {
  const bool may_edit = rights.add_headers && rights.change_headers && rights.change_body;
  if (!outcome.versions.empty() && !may_edit && outcome.versions.front().message != original) {
    if (!outcome.versions.front().removed.empty())
      return hold_all(outcome, "the mail server doesn't let its filters edit");
    outcome.versions.front().message = original;
    outcome.note = "not marked: the mail server doesn't let its filters edit";
  }
  if (!outcome.versions.empty() && !rights.remove_recipients && !left_out(outcome).empty())
    hold_all(outcome, "the mail server doesn't let its filters remove recipients");
}

asio::awaitable<Answer> answer_to(Ended ended, const MilterDoorOptions& options, Rights rights,
                                  inspect::Services& services) {
  Answering answering(std::move(ended), options, rights, services);
  co_return co_await answering.run();
}

}  // namespace rastel::doors::milter
