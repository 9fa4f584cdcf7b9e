// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/delivery.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/log.hpp"
#include "inspect/decide.hpp"
#include "inspect/own_field.hpp"
#include "inspect/replies.hpp"

namespace rastel::doors::smtp {
namespace {

namespace asio = boost::asio;
using net::Transfer;
using SteadyClock = std::chrono::steady_clock;

std::chrono::microseconds since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
}

class Delivering {
 public:
  Delivering(Delivery delivery, const SmtpDoorOptions& options, NextHopSession& next_hop,
             inspect::Services& services)
      : delivery_(std::move(delivery)), options_(options), next_hop_(next_hop), services_(services) {
    story_.receive = delivery_.receive_time;
    story_.next_hop = to_string(options.next_hop);
  }

  asio::awaitable<std::vector<Reply>> run() {
    inspect::Asked asked{subject(), delivery_.reply_by, delivery_.client_is_there, {}};
    const auto deferred = co_await inspect::decide(services_, std::move(asked), outcome_, story_);
    if (deferred) co_return told(all(*deferred));
    // The deadline may have passed before what is to go on goes: the next hop gets a little more.
    if (delivery_.reply_by.passed()) delivery_.reply_by = Deadline::in(std::chrono::seconds(20));
    if (outcome_.versions.empty()) {
      co_await next_hop_.reset();
      co_return told(own_replies());
    }
    co_return co_await forward();
  }

 private:
  [[nodiscard]] const inspect::Subject& subject() const { return delivery_.subject; }

  // Version by version. With one reply for all it is the first one's: while that isn't taken nobody owns
  // anything, and afterwards what a later one fails at is held.
  asio::awaitable<std::vector<Reply>> forward() {
    const auto start = SteadyClock::now();
    for (const inspect::Version& version : outcome_.versions) {
      const std::string header = options_.header ? header_line(version) : std::string();
      const Transfer transfer = co_await next_hop_.send(version.recipients, header, *version.message,
                                                        delivery_.client_is_there, delivery_.reply_by);
      story_.forward = since(start);
      const bool first = &version == &outcome_.versions.front();
      if (first && transfer.stage == Transfer::Stage::abandoned)
        co_return told(all(inspect::client_lost(subject(), outcome_, story_)));
      const std::vector<Reply> theirs = replies_of(transfer);
      if (first && !transfer.replies.empty()) story_.next_reply = transfer.replies.front().one_line();
      for (std::size_t i = 0; i < version.recipients.size(); ++i)
        from_next_hop_[version.recipients[i]] = reply_for(theirs, i);
      if (subject().replies_per_recipient) continue;
      const bool taken = theirs.front().positive();
      if (first && !taken) break;
      if (taken) continue;
      const bool held = co_await hold_after_all(version);
      if (!held) co_return told(all(inspect::trouble(subject().id)));
    }
    const bool any_taken =
        std::ranges::any_of(from_next_hop_, [](const auto& answer) { return answer.second.positive(); });
    if (outcome_.released && any_taken) co_await services_.inspector.spend_release(subject());
    if (any_taken && !delivery_.client_is_there()) story_.note = "accepted by the next hop, client lost";
    co_return told(own_replies());
  }

  [[nodiscard]] std::string header_line(const inspect::Version& version) const {
    return fmt::format("{}: {}\r\n", inspect::own_field,
                       inspect::own_field_value(subject(), outcome_, version));
  }

  // What the next hop said to one version: one reply for all its recipients, or one for each.
  std::vector<Reply> replies_of(const Transfer& transfer) {
    switch (transfer.stage) {
      case Transfer::Stage::not_sent:
      case Transfer::Stage::abandoned:
        log::warning("{}: not handed on: {}", subject().id, transfer.problem);
        story_.note = transfer.problem;
        return {inspect::next_hop_away()};
      case Transfer::Stage::unanswered:
        log::warning("{}: handed on, but no answer: {}; a retry may make a duplicate", subject().id,
                     transfer.problem);
        story_.note = "end of data sent, no answer";
        return {inspect::nobody_knows(subject().id)};
      case Transfer::Stage::refused:
      case Transfer::Stage::answered:
        break;
    }
    return transfer.replies;
  }

  [[nodiscard]] Reply reply_for(const std::vector<Reply>& theirs, std::size_t recipient) const {
    if (theirs.size() == 1) return theirs.front();
    return recipient < theirs.size() ? theirs[recipient] : inspect::nobody_knows(subject().id);
  }

  // Another version was taken already: a retry would bring that one twice.
  asio::awaitable<bool> hold_after_all(const inspect::Version& version) {
    for (const std::size_t recipient : version.recipients)
      outcome_.verdict.dispositions[recipient].done = Action::quarantine;
    story_.note = "not taken by the next hop as another version of it was: " +
                  from_next_hop_[version.recipients.front()].one_line();
    const auto durable = co_await services_.inspector.make_durable(subject(), outcome_);
    if (!durable) log::error("{}: the quarantine can't take it: {}", subject().id, durable.error().what);
    co_return durable.has_value();
  }

  [[nodiscard]] std::vector<Reply> own_replies() const {
    const auto& dispositions = outcome_.verdict.dispositions;
    if (!subject().replies_per_recipient) {
      if (!outcome_.versions.empty())
        return {from_next_hop_.at(outcome_.versions.front().recipients.front())};
      return {
          inspect::reply_to(*std::ranges::min_element(dispositions, {}, &Disposition::done), subject().id)};
    }
    std::vector<Reply> replies;
    for (const Disposition& disposition : dispositions) {
      const auto theirs = from_next_hop_.find(disposition.recipient);
      replies.push_back(theirs == from_next_hop_.end() ? inspect::reply_to(disposition, subject().id)
                                                       : theirs->second);
    }
    return replies;
  }

  [[nodiscard]] std::vector<Reply> all(const Reply& reply) const {
    return std::vector<Reply>(subject().replies_per_recipient ? outcome_.verdict.dispositions.size() : 1,
                              reply);
  }

  std::vector<Reply> told(std::vector<Reply> replies) {
    story_.reply = replies.front().brief();
    inspect::tell(subject(), outcome_, story_, services_.history, services_.counters);
    return replies;
  }

  Delivery delivery_;
  const SmtpDoorOptions& options_;
  NextHopSession& next_hop_;
  inspect::Services& services_;
  inspect::Outcome outcome_;
  inspect::Story story_;
  std::map<std::size_t, Reply> from_next_hop_;  // by recipient
};

}  // namespace

asio::awaitable<std::vector<Reply>> deliver(Delivery delivery, const SmtpDoorOptions& options,
                                            NextHopSession& next_hop, inspect::Services& services) {
  Delivering delivering(std::move(delivery), options, next_hop, services);
  co_return co_await delivering.run();
}

}  // namespace rastel::doors::smtp
