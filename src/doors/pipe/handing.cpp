// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/handing.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "doors/pipe/decision.hpp"
#include "inspect/decide.hpp"
#include "inspect/own_field.hpp"
#include "inspect/replies.hpp"

namespace rastel::doors::pipe {

namespace asio = boost::asio;
using rastel::pipe::Answer;
using rastel::pipe::Doing;
using rastel::pipe::RequestKind;

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::microseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

std::string next_of(const rastel::pipe::Request& request) {
  if (!request.next.empty()) return request.next;
  return request.kind == RequestKind::filter ? "standard output" : "-";
}

}  // namespace

Handing::Handing(inspect::Subject subject, Taken taken, const rastel::pipe::Request& request,
                 const PipeDoorOptions& options, inspect::Services& services)
    : subject_(std::move(subject)),
      taken_(std::move(taken)),
      kind_(request.kind),
      options_(options),
      services_(services) {
  subject_.message = taken_.message;
  subject_.retry_key = taken_.retry_key;
  subject_.message_id = taken_.message_id;
  subject_.subject = taken_.subject;
  subject_.one_version = true;
  subject_.pass_unscanned = options.fail == DoorFailure::pass;
  story_.next_hop = next_of(request);
}

asio::awaitable<Answer> Handing::decide(Deadline reply_by, std::function<bool()> client_is_there) {
  story_.receive = since(began_);
  inspect::Asked asked{subject_, reply_by, std::move(client_is_there), {}};
  asked.fit = [this](inspect::Outcome& outcome) -> asio::awaitable<void> {
    decide_for_all(outcome);
    if (kind_ == RequestKind::verdict) decide_to_take_or_refuse(outcome);
    co_return;
  };
  const auto deferred = co_await inspect::decide(services_, std::move(asked), outcome_, story_);
  Answer answer;
  if (deferred)
    answer = deferral(deferred->lines.front(), subject_.id);
  else if (outcome_.versions.empty())
    answer = answer_without_message(outcome_, subject_.id);
  else
    answer = co_await pass();
  story_.reply = brief(answer);
  answered_ = Clock::now();
  co_return answer;
}

asio::awaitable<Answer> Handing::pass() {
  const inspect::Version& version = outcome_.versions.front();
  Answer answer;
  answer.doing = Doing::pass;
  answer.id = subject_.id;
  if (kind_ == RequestKind::verdict) co_return answer;
  answer.above = taken_.above;
  // Whether it was held and released before isn't for everybody who can connect.
  inspect::Outcome shown = outcome_;
  shown.released = false;
  if (options_.header)
    answer.line =
        fmt::format("{}: {}{}", inspect::own_field, inspect::own_field_value(subject_, shown, version),
                    taken_.crlf ? "\r\n" : "\n");
  if (version.message == subject_.message && !taken_.forged) co_return answer;
  answer.doing = Doing::changed;
  changed_ = version.message;
  if (taken_.crlf) co_return answer;
  auto work = [message = changed_, spool = services_.spool] { return with_lf(*message, spool); };
  auto copy = co_await services_.blocking.run(std::move(work));
  if (!copy) {
    log::error("{}: the changed message can't be written: {}", subject_.id, copy.error().what);
    changed_.reset();
    co_return all_deferred(inspect::not_held(copy.error(), subject_.id).lines.front());
  }
  changed_ = *std::move(copy);
  co_return answer;
}

Answer Handing::all_deferred(std::string text) {
  inspect::defer_all(outcome_);
  return deferral(std::move(text), subject_.id);
}

void Handing::give_up() {
  if (!passes()) return;
  story_.reply = brief(deferral(inspect::client_lost(subject_, outcome_, story_).lines.front(), subject_.id));
}

asio::awaitable<void> Handing::tell(std::optional<rastel::pipe::Result> result) {
  if (passes()) {
    story_.forward = since(answered_);
    if (result) story_.next_reply = text_of(*result);
    const bool taken = result && result->how == rastel::pipe::Result::How::exited && result->number == 0;
    if (!result && kind_ != RequestKind::filter) story_.note = "no word of the delivery";
    if (taken && outcome_.released) co_await services_.inspector.spend_release(subject_);
  }
  inspect::tell(subject_, outcome_, story_, services_.history, services_.counters);
}

}  // namespace rastel::doors::pipe
