// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/inspector.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "policy/rules.hpp"

namespace rastel::inspect {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

// One scan and all who wait for it (a retry joins the scan of the first attempt). Confined to the inspector's
// executor.
struct Inspector::Scan {
  // Each waits for his own deadline with a timer that is cancelled when the report is there.
  std::vector<std::shared_ptr<asio::steady_timer>> waiters;
  std::optional<Report> report;
  bool repeated_failure = false;
  bool outlived_a_reply = false;
  std::uint64_t generation = 0;  // of the signatures when it began
  std::uint32_t waiting = 0;
  std::shared_ptr<sandbox::Withdrawal> withdrawal = std::make_shared<sandbox::Withdrawal>();
};

bool Outcome::passed_unscanned() const {
  return std::ranges::any_of(verdict.dispositions, [](const Disposition& disposition) {
    return disposition.deciding_class == MessageClass::unscanned && disposition.asked == Action::defer &&
           disposition.done == Action::pass && !disposition.observed;
  });
}

Inspector::Inspector(asio::any_io_executor executor, sandbox::WorkerPool& pool, store::Quarantine& quarantine,
                     BlockingPool& blocking, std::uint32_t workers, std::filesystem::path spool)
    : executor_(std::move(executor)),
      pool_(pool),
      quarantine_(quarantine),
      blocking_(blocking),
      spool_(std::move(spool)),
      most_outlived_(std::max<std::uint32_t>(workers / 2, 1)),
      most_waiting_(std::max<std::uint32_t>(workers, 1) * 50),
      policy_(std::make_shared<const PolicyOptions>()) {}

void Inspector::set_policy(std::shared_ptr<const PolicyOptions> policy) { policy_.store(std::move(policy)); }

std::shared_ptr<const PolicyOptions> Inspector::policy() const { return policy_.load(); }

void Inspector::forget_if_signatures_changed() {
  const std::uint64_t generation = pool_.generation();
  if (generation == generation_) return;
  generation_ = generation;
  remembered_.clear();
  failures_.clear();
}

asio::awaitable<std::shared_ptr<Inspector::Scan>> Inspector::find_or_start(Subject subject) {
  forget_if_signatures_changed();
  const Digest key = subject.retry_key;
  if (const auto running = under_way_.find(key); running != under_way_.end()) {
    if (running->second->generation == generation_) co_return running->second;
    // Of old signatures: its verdict is for those who asked then, if any still wait.
    if (running->second->waiting == 0) running->second->withdrawal->withdraw();
    under_way_.erase(running);
  }
  auto scan = std::make_shared<Scan>();
  if (const auto known = remembered_.find(key); known != remembered_.end()) {
    if (known->second.until > Clock::now()) {
      scan->report = known->second.report;
      co_return scan;
    }
    remembered_.erase(known);
  }
  if (const auto failed = failures_.find(key); failed != failures_.end() && failed->second.count >= 2) {
    scan->report.emplace();
    scan->report->set_unscanned(failed->second.reason);
    scan->repeated_failure = true;
    co_return scan;
  }
  scan->generation = generation_;
  under_way_.emplace(key, scan);
  overloaded_ = under_way_.size() >= most_waiting_;
  sandbox::ScanRequest request{subject.message, policy::may_edit(*policy()), subject.may_be_file};
  asio::co_spawn(executor_, run(scan, std::move(request), key), asio::detached);
  co_return scan;
}

asio::awaitable<void> Inspector::run(std::shared_ptr<Scan> scan, sandbox::ScanRequest request, Digest key) {
  scan->report = co_await pool_.scan(std::move(request), scan->withdrawal);
  ended(scan, key);
}

void Inspector::ended(const std::shared_ptr<Scan>& scan, const Digest& key) {
  if (scan->withdrawal->withdrawn()) return;  // nobody waits, and nothing is known
  no_longer_under_way(scan, key);
  forget_if_signatures_changed();
  const bool of_these_signatures = scan->generation == generation_;
  const Report& report = *scan->report;
  const bool crashed = report.has(UnscannedReason::crash);
  if (!of_these_signatures) {
    // Says nothing about what the new ones find.
  } else if (crashed || report.has(UnscannedReason::timeout)) {
    if (failures_.size() >= remembered_limit) failures_.erase(failures_.begin());
    Failures& failures = failures_[key];
    ++failures.count;
    failures.reason = crashed ? UnscannedReason::crash : UnscannedReason::timeout;
    scan->repeated_failure = failures.count >= 2;
  } else if (scan->outlived_a_reply && !report.has(UnscannedReason::engine) &&
             !report.has(UnscannedReason::memory)) {
    if (remembered_.size() >= remembered_limit) remembered_.erase(remembered_.begin());
    remembered_.insert_or_assign(key, Remembered{report, Clock::now() + remembered_time});
  }
  for (const auto& waiter : scan->waiters) waiter->cancel();
}

// Another scan of the same message may have taken its place, with new signatures.
void Inspector::no_longer_under_way(const std::shared_ptr<Scan>& scan, const Digest& key) {
  if (const auto place = under_way_.find(key); place != under_way_.end() && place->second == scan)
    under_way_.erase(place);
  overloaded_ = under_way_.size() >= most_waiting_;
}

std::size_t Inspector::outlived() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(under_way_, [](const auto& entry) { return entry.second->waiting == 0; }));
}

asio::awaitable<bool> Inspector::wait(std::shared_ptr<Scan> scan, Deadline reply_by, Digest key) {
  if (scan->report) co_return true;
  const auto timer = std::make_shared<asio::steady_timer>(executor_);
  timer->expires_at(reply_by.when());
  scan->waiters.push_back(timer);
  ++scan->waiting;
  (void)co_await timer->async_wait(as_awaitable);
  --scan->waiting;
  if (scan->report) co_return true;
  scan->outlived_a_reply = true;
  // The other workers belong to those who wait.
  if (scan->waiting == 0 && (scan->generation != generation_ || outlived() > most_outlived_)) {
    no_longer_under_way(scan, key);
    scan->withdrawal->withdraw();
  }
  co_return false;
}

asio::awaitable<Inspector::Answer> Inspector::scan(Subject subject, Deadline reply_by) {
  const Digest key = subject.retry_key;
  const auto scan = co_await find_or_start(std::move(subject));
  Answer answer;
  answer.in_time = co_await wait(scan, reply_by, key);
  if (answer.in_time) {
    answer.report = *scan->report;
    answer.repeated_failure = scan->repeated_failure;
  } else {
    answer.report.set_unscanned(UnscannedReason::timeout);
  }
  co_return answer;
}

Verdict Inspector::judge(const Subject& subject, const Report& report,
                         const policy::Circumstances& circumstances) const {
  return policy::judge(report, subject.envelope, *policy(), circumstances, subject.replies_per_recipient);
}

namespace {

bool is_handed_on(Action done) { return done == Action::pass || done == Action::tag; }

bool passes(const Verdict& verdict) {
  return std::ranges::all_of(verdict.dispositions,
                             [](const Disposition& disposition) { return is_handed_on(disposition.done); });
}

std::vector<std::string> addresses(const Envelope& envelope) {
  std::vector<std::string> all;
  for (const Recipient& recipient : envelope.recipients) all.push_back(recipient.address);
  return all;
}

}  // namespace

asio::awaitable<Inspector::Answer> Inspector::ask(const Subject& subject, Deadline reply_by) {
  const auto here = co_await asio::this_coro::executor;
  auto scanning = scan(subject, reply_by);
  if (here != executor_) scanning = asio::co_spawn(executor_, std::move(scanning), asio::use_awaitable);
  co_return co_await std::move(scanning);
}

asio::awaitable<Outcome> Inspector::inspect(Subject subject, Deadline reply_by) {
  Answer answer = co_await ask(subject, reply_by);
  Outcome outcome;
  outcome.in_time = answer.in_time;
  policy::Circumstances circumstances;
  circumstances.repeated_failure = answer.repeated_failure;
  // Nobody could look, or there was no verdict in time: what the scanner itself fails at isn't meant.
  circumstances.pass_unscanned =
      subject.pass_unscanned && (!answer.in_time || answer.report.has(UnscannedReason::engine));
  outcome.verdict = judge(subject, answer.report, circumstances);
  // Asked only when it matters: a clean message passes without a look into the quarantine.
  if (!passes(outcome.verdict)) {
    auto look = [this, key = subject.retry_key, to = addresses(subject.envelope)] {
      return quarantine_.has_pass(key, to, store::Clock::now());
    };
    const auto used = co_await blocking_.run(std::move(look));
    if (!used) log::error("{}: can't ask the quarantine for releases: {}", subject.id, used.error().what);
    if (used && *used) {
      outcome.released = true;
      outcome.in_time = true;
      outcome.verdict = judge(subject, answer.report, {.repeated_failure = false, .released = true});
    }
  }
  outcome.report = std::move(answer.report);
  if (!subject.verdict_only) co_await edit(subject, outcome, reply_by);
  co_return outcome;
}

namespace {

void hold_instead(const Version& version, Verdict& verdict) {
  for (const std::size_t recipient : version.recipients)
    verdict.dispositions[recipient].done = Action::quarantine;
}

}  // namespace

asio::awaitable<void> Inspector::edit(const Subject& subject, Outcome& outcome, Deadline reply_by) {
  const auto options = policy();
  const TagTexts texts{options->tag_subject, options->tag_banner};
  const bool tags = !texts.empty() && !outcome.released;
  if (subject.one_version) make_uniform(outcome.verdict);
  std::vector<Version> versions = versions_of(outcome.verdict, subject.message, tags);
  for (Version& version : versions) {
    const bool strips = !version.removed.empty();
    std::string problem;
    if (strips) problem = co_await strip(subject, outcome, version, reply_by);
    if (version.tagged) problem = co_await tag(subject, outcome, version, texts);
    if (!problem.empty()) outcome.note = problem;
    if (!problem.empty() && strips)
      hold_instead(version, outcome.verdict);
    else
      outcome.versions.push_back(std::move(version));
  }
}

// Empty, or why there is no such version.
asio::awaitable<std::string> Inspector::strip(const Subject& subject, const Outcome& outcome,
                                              Version& version, Deadline reply_by) {
  const auto splices = removal(version.removed, outcome.report, subject.id);
  if (!splices) co_return fmt::format("can't be edited: {}", to_string(splices.error()));
  const std::string problem = co_await write(subject, version, *splices);
  if (!problem.empty()) co_return problem;
  // Of where the parts lie a worker has spoken, and a worker may be in the message's hands: another one looks
  // at what is left.
  Subject left = subject;
  left.message = version.message;
  left.retry_key = left.message->digest();
  left.pass_unscanned = false;
  const Answer answer = co_await ask(left, reply_by);
  if (!answer.in_time) co_return "no verdict in time of what is left";
  const Verdict verdict = judge(left, answer.report, {});
  for (const std::size_t recipient : version.recipients) {
    const Disposition& disposition = verdict.dispositions[recipient];
    if (!is_handed_on(disposition.asked))
      co_return "what is left is " + class_with_reason(disposition.deciding_class, disposition.reason);
  }
  co_return std::string();
}

// Who is only told of something gets the message in any case.
asio::awaitable<std::string> Inspector::tag(const Subject& subject, const Outcome& outcome, Version& version,
                                            const TagTexts& texts) {
  const auto splices = tagging(texts, outcome.report);
  if (!splices) co_return fmt::format("not marked: {}", to_string(splices.error()));
  co_return co_await write(subject, version, *splices);
}

asio::awaitable<std::string> Inspector::write(const Subject& subject, Version& version,
                                              std::vector<edit::Splice> splices) {
  auto work = [original = subject.message, splices = std::move(splices), spool = spool_] {
    return edited_copy(*original, splices, spool);
  };
  auto copy = co_await blocking_.run(std::move(work));
  if (!copy) {
    log::warning("{}: the edited message can't be written: {}", subject.id, copy.error().what);
    co_return "the edited message can't be written";
  }
  version.message = *std::move(copy);
  co_return std::string();
}

asio::awaitable<void> Inspector::spend_release(const Subject& subject) {
  auto spend = [this, key = subject.retry_key, to = addresses(subject.envelope)] {
    return quarantine_.consume_pass(key, to, store::Clock::now());
  };
  const auto spent = co_await blocking_.run(std::move(spend));
  if (!spent)
    log::error("{}: a release passed but its pass stays for the hour: {}", subject.id, spent.error().what);
}

asio::awaitable<Result<>> Inspector::make_durable(const Subject& subject, const Outcome& outcome) {
  store::HoldRequest held;
  held.id = subject.id;
  held.envelope = subject.envelope;
  held.report = outcome.report;
  held.message_class = outcome.verdict.message_class;
  held.reason = outcome.verdict.reason;
  held.message_id = subject.message_id;
  held.subject = subject.subject;
  store::HoldRequest discarded = held;
  for (const Disposition& disposition : outcome.verdict.dispositions) {
    if (disposition.done == Action::quarantine || disposition.done == Action::strip)
      held.recipients.push_back(disposition.recipient);
    if (disposition.done == Action::discard) discarded.recipients.push_back(disposition.recipient);
  }
  if (held.recipients.empty() && discarded.recipients.empty()) co_return Result<>{};
  auto hold = [this, message = subject.message, held = std::move(held),
               discarded = std::move(discarded)]() -> Result<> {
    if (!held.recipients.empty()) RASTEL_CHECK(quarantine_.hold(*message, held));
    if (!discarded.recipients.empty()) RASTEL_CHECK(quarantine_.record_discard(*message, discarded));
    return {};
  };
  co_return co_await blocking_.run(std::move(hold));
}

}  // namespace rastel::inspect
