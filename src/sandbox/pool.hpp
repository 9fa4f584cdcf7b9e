// SPDX-License-Identifier: GPL-2.0-only
// The daemon's side of the scanner: asks the master for an engine process (zygote), the zygote for workers,
// hands messages to workers and verifies what they report. Confined to its executor's thread (inspect/ hops
// onto it).
//
// A worker is used for one message at a time; it is retired after `retire_after` messages and after any
// report that isn't clean; killed at the deadline; a spare, already warmed on the canary, takes its place at
// once. Nothing that a worker sends is trusted: sandbox/wire.hpp verifies every frame.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "detect/options.hpp"
#include "sandbox/scan_request.hpp"
#include "verdict/report.hpp"

namespace rastel::sandbox {

class MasterLink;

struct PoolStatus {
  bool ready = false;  // a message sent now would be scanned
  std::uint32_t workers_idle = 0, workers_busy = 0, workers_starting = 0;
  std::uint64_t scans = 0, crashes = 0, timeouts = 0, restarts_of_engine = 0;
  // Of the messages: known to be clean, byte for byte. Of the layers of the others: met, and of these skipped
  // as clean before. What is remembered now, messages and layers.
  std::uint64_t messages_known = 0, layers = 0, layers_known = 0, remembered = 0;
  std::string engine_version, signature_version;
  std::uint64_t signature_count = 0;
  std::int64_t signature_time = 0;  // Unix time of the newest database; 0: unknown
  bool builtin_only = false;        // no database but our built-in test signatures
  std::string signature_digest;     // of the set in use
  std::uint64_t yara_rules = 0;
  std::uint64_t memory = 0;                         // bytes that the engine in use takes; 0: unknown
  std::uint64_t load_ms = 0;                        // how long it took to load
  std::int64_t taken_at = 0;                        // Unix time
  bool loading = false;                             // another engine is being loaded beside
  bool on_trial = false;                            // the one before is still there, to fall back on
  std::string rolled_back_digest, rolled_back_why;  // of the last set that failed in use; empty: none has
  std::uint64_t generation = 0;                     // grows with every set of signatures taken into use
  std::vector<std::string>
      confinement_missing;  // what the kernel or the circumstances didn't offer, one sentence each
  std::string trouble;      // why not ready; empty when ready
};

// How many workers are meant: one a processor where `workers` is 0.
[[nodiscard]] std::uint32_t workers_of(const EngineOptions& options);

// Lets go of a scan for which nobody waits any more: its worker is killed, or it never gets one. Used on the
// pool's executor.
class Withdrawal {
 public:
  void withdraw() {
    withdrawn_ = true;
    if (act_) act_();
  }
  [[nodiscard]] bool withdrawn() const { return withdrawn_; }
  void set_act(std::function<void()> act) { act_ = std::move(act); }  // the pool's

 private:
  bool withdrawn_ = false;
  std::function<void()> act_;
};

// How a new engine takes over.
struct HandOver {
  Duration load_deadline{std::chrono::minutes(10)};  // then it is refused
  // The old engine is kept until the new one has scanned so many messages or has served so long.
  std::uint32_t trial_scans = 50;
  Duration trial_time{std::chrono::seconds(30)};
  // Messages that crash a worker of the new engine but none of the old, after which the old one comes back.
  std::uint32_t most_faults = 3;
};

class WorkerPool {
 public:
  static std::unique_ptr<WorkerPool> create(boost::asio::any_io_executor executor,
                                            const EngineOptions& options, MasterLink& master,
                                            HandOver hand_over = {});
  virtual ~WorkerPool() = default;

  // Starts the first engine and its workers in the background; keeps restarting a failed one (backoff 1 s …
  // 30 s).
  virtual void start() = 0;
  // Waits for a worker (at most until the deadline), scans. Never fails: trouble is told by Report::unscanned
  // (engine: no engine or no free worker in time; timeout, crash, memory: of the worker; timeout when it was
  // withdrawn).
  [[nodiscard]] virtual boost::asio::awaitable<Report> scan(ScanRequest request,
                                                            std::shared_ptr<Withdrawal> withdrawal) = 0;
  // A second engine loads the signatures, proves itself on the canaries and the clean set and takes over
  // worker by worker; when it fails the old one stays and the error says why. It is on trial at first: dies
  // it, or do its workers crash on what the old one's survive, the old one takes back over. A reload in that
  // time ends the trial.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> reload() = 0;
  [[nodiscard]] virtual PoolStatus status() const = 0;
  // PoolStatus::generation, for who asks with every message.
  [[nodiscard]] virtual std::uint64_t generation() const = 0;
  // How many scans run or wait now; those that outlived their reply included.
  [[nodiscard]] virtual std::uint32_t scans_under_way() const = 0;
  [[nodiscard]] virtual boost::asio::awaitable<void> stop() = 0;
};

}  // namespace rastel::sandbox
