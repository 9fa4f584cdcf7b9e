// SPDX-License-Identifier: GPL-2.0-only
// The one way through: a door hands in a message with its envelope and gets what is to be done for each
// recipient; it then asks for what must be durable (hold, discard) before it acknowledges anything. Doors
// call it from any thread: what is shared here lives on the inspector's own executor.
//
// What it remembers (memory only, bounded to `remembered_limit` messages each, gone when the signatures
// change; verdicts for `remembered_time`):
//  - verdicts of scans that outlived their reply, by the retry key, so that the retry is answered at once
//
//    At most half of the workers go on with such scans; beyond that one is let go, its retry begins afresh.
//  - how often a message has killed or outlasted a worker: at the second time it is not offered again.
// The retry key is a digest of the message below its leading run of Received: and Return-Path: lines, which
// differ at every attempt.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/deadline.hpp"
#include "base/message.hpp"
#include "inspect/blocking.hpp"
#include "inspect/versions.hpp"
#include "policy/judge.hpp"
#include "sandbox/pool.hpp"
#include "store/history.hpp"
#include "store/quarantine.hpp"

namespace rastel::inspect {

struct Subject {
  std::string id;
  MessagePointer message;
  Digest retry_key;
  Envelope envelope;
  std::string message_id, subject;  // for the listings; hostile text
  bool replies_per_recipient = false;
  bool pass_unscanned = false;  // the door's fail = "pass"
  bool verdict_only = false;    // the door hands nothing on: no versions are made
  bool may_be_file = false;     // the door hands in files, too, which are no messages
  bool one_version = false;     // the door hands on one message to all: versions.hpp, make_uniform()
};

struct Outcome {
  Report report;
  Verdict verdict;
  bool in_time =
      true;  // false: the reply deadline passed first; the scan goes on, its verdict waits for the retry
  bool released = false;  // passes because it was released from the quarantine
  // For all who get the message (done: pass, tag, strip), each recipient in one. Of whom done is strip the
  // original is to be held besides.
  std::vector<Version> versions;
  std::string note;  // of edits that could not be done; empty: nothing

  // The door's fail = "pass" let through what would have been deferred because nothing was scanned.
  [[nodiscard]] bool passed_unscanned() const;
};

class Inspector {
 public:
  static constexpr std::size_t remembered_limit = 4096;
  static constexpr std::chrono::hours remembered_time{24};

  // `executor`: the one of `pool`. Everything referred to outlives the inspector.
  Inspector(boost::asio::any_io_executor executor, sandbox::WorkerPool& pool, store::Quarantine& quarantine,
            BlockingPool& blocking, std::uint32_t workers, std::filesystem::path spool);

  void set_policy(std::shared_ptr<const PolicyOptions> policy);

  // Callable from every thread; resumes on the caller's executor.
  [[nodiscard]] boost::asio::awaitable<Outcome> inspect(Subject subject, Deadline reply_by);

  // Holds the message for the recipients whose disposition is done == quarantine or strip; records a durable
  // discard for those with done == discard. On success all of it is on disk. Nothing to do is success.
  [[nodiscard]] boost::asio::awaitable<Result<>> make_durable(const Subject& subject, const Outcome& outcome);

  // A released message was taken by the next hop: its pass is used up.
  [[nodiscard]] boost::asio::awaitable<void> spend_release(const Subject& subject);

  // Whether a scan could be taken now; false → doors answer 451 at MAIL instead of letting the client send
  // for nothing.
  [[nodiscard]] bool overloaded() const { return overloaded_.load(std::memory_order_relaxed); }

 private:
  struct Scan;
  using Clock = std::chrono::steady_clock;
  struct Remembered {
    Report report;
    Clock::time_point until;
  };
  struct Failures {
    std::uint32_t count = 0;
    UnscannedReason reason = UnscannedReason::crash;
  };

  struct Answer {
    Report report;
    bool repeated_failure = false;
    bool in_time = true;
  };

  // On any executor, and on ours.
  [[nodiscard]] boost::asio::awaitable<Answer> ask(const Subject& subject, Deadline reply_by);
  [[nodiscard]] boost::asio::awaitable<Answer> scan(Subject subject, Deadline reply_by);
  // Fills in the versions. Who would get one with parts taken out, and can't, is held.
  [[nodiscard]] boost::asio::awaitable<void> edit(const Subject& subject, Outcome& outcome,
                                                  Deadline reply_by);
  // These make a version what it is to be; else they say why not.
  [[nodiscard]] boost::asio::awaitable<std::string> strip(const Subject& subject, const Outcome& outcome,
                                                          Version& version, Deadline reply_by);
  [[nodiscard]] boost::asio::awaitable<std::string> tag(const Subject& subject, const Outcome& outcome,
                                                        Version& version, const TagTexts& texts);
  [[nodiscard]] boost::asio::awaitable<std::string> write(const Subject& subject, Version& version,
                                                          std::vector<edit::Splice> splices);
  [[nodiscard]] boost::asio::awaitable<std::shared_ptr<Scan>> find_or_start(Subject subject);
  [[nodiscard]] boost::asio::awaitable<bool> wait(std::shared_ptr<Scan> scan, Deadline reply_by, Digest key);
  [[nodiscard]] boost::asio::awaitable<void> run(std::shared_ptr<Scan> scan, sandbox::ScanRequest request,
                                                 Digest key);
  void ended(const std::shared_ptr<Scan>& scan, const Digest& key);
  void no_longer_under_way(const std::shared_ptr<Scan>& scan, const Digest& key);
  [[nodiscard]] std::size_t outlived() const;  // scans for which nobody waits
  void forget_if_signatures_changed();
  [[nodiscard]] std::shared_ptr<const PolicyOptions> policy() const;
  [[nodiscard]] Verdict judge(const Subject& subject, const Report& report,
                              const policy::Circumstances& circumstances) const;

  boost::asio::any_io_executor executor_;
  sandbox::WorkerPool& pool_;
  store::Quarantine& quarantine_;
  BlockingPool& blocking_;
  const std::filesystem::path spool_;
  const std::uint32_t most_outlived_;  // scans that go on though nobody waits
  const std::uint32_t most_waiting_;   // scans under way or waiting, beyond which we are overloaded

  // Confined to executor_.
  std::unordered_map<Digest, std::shared_ptr<Scan>> under_way_;
  std::unordered_map<Digest, Remembered> remembered_;
  std::unordered_map<Digest, Failures> failures_;
  std::uint64_t generation_ = 0;

  // Synchronised by itself.
  std::atomic<std::shared_ptr<const PolicyOptions>> policy_;
  std::atomic<bool> overloaded_ = false;
};

}  // namespace rastel::inspect
