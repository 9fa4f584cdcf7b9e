// SPDX-License-Identifier: GPL-2.0-only
// The daemon's picture of one engine process and its workers. Confined to one executor's thread; used by the
// pool only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "sandbox/channel.hpp"
#include "sandbox/report_memory.hpp"
#include "sandbox/scan_request.hpp"
#include "sandbox/signal.hpp"
#include "sandbox/verdict_table.hpp"
#include "sandbox/wire.hpp"

namespace rastel::sandbox {

struct Worker {
  Worker(const boost::asio::any_io_executor& executor, std::uint32_t worker_number)
      : number(worker_number), ended(executor) {}
  std::uint32_t number;
  std::optional<Channel> channel;
  enum class State { starting, idle, busy, retired } state = State::starting;
  std::uint32_t scans = 0;
  std::optional<int> status;    // of waitpid(2), once it has ended
  std::vector<Digest> vouched;  // what it called clean: forgotten when it ends badly
  Signal ended;                 // raised then, and when the engine dies
};

struct ScanOutcome {
  enum class Kind {
    answered,      // `report` is about the message
    worker_unfit,  // the worker was broken before it got the message
    engine_died,   // under the scan; not proven to be the message's fault
  } kind = Kind::answered;
  Report report;
};

class EngineRun : public std::enable_shared_from_this<EngineRun> {
 public:
  enum class State { loading, ready, dead };

  struct Events {
    std::function<void()> changed;  // an engine is ready or dead, a worker is idle or gone
  };

  // `verdicts`: what this engine's workers find clean; may be null, then nothing is remembered.
  // `report_memory`: bytes for what they say of whole messages.
  EngineRun(boost::asio::any_io_executor executor, std::uint32_t number, FileDescriptor socket,
            std::unique_ptr<VerdictTable> verdicts, std::size_t report_memory, Events events);

  void start();  // begins to listen to the zygote
  void fork_worker();
  // When the zygote doesn't manage to within a few seconds, the whole engine is taken for dead (the master
  // kills it).
  void kill_worker(const std::shared_ptr<Worker>& worker);
  // The zygote sees the end of its socket, tidies up and goes, with its workers. No event comes any more.
  void close();
  [[nodiscard]] boost::asio::awaitable<void> until_gone(Deadline deadline);

  // Scans with a worker that is busy with this alone. Kills the worker at the deadline and when it breaks the
  // rules.
  [[nodiscard]] boost::asio::awaitable<ScanOutcome> scan(std::shared_ptr<Worker> worker, ScanRequest request,
                                                         Deadline deadline);

  // The very same bytes were clean, by a worker of this engine: what it would report again.
  [[nodiscard]] std::optional<Report> known_clean(const ScanRequest& request) const;
  [[nodiscard]] std::uint64_t remembered() const {
    return verdicts_ ? verdicts_->entries() + reports_.entries() : 0;
  }

  [[nodiscard]] std::shared_ptr<Worker> idle_worker() const;
  [[nodiscard]] std::uint32_t count(Worker::State state) const;
  [[nodiscard]] std::uint32_t living() const;  // starting, idle or busy
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const EngineReady& ready() const { return ready_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] std::uint32_t failed_starts() const { return failed_starts_; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> listen();
  [[nodiscard]] boost::asio::awaitable<void> bring_up(std::shared_ptr<Worker> worker);
  void obey(const Frame& frame, std::vector<FileDescriptor>& descriptors);
  void worker_ended(std::uint32_t number, int status);
  void died(std::string why);
  [[nodiscard]] boost::asio::awaitable<void> see_it_end(std::shared_ptr<Worker> worker);
  [[nodiscard]] boost::asio::awaitable<ReportAssembler::Progress> receive_report(Worker& worker,
                                                                                 ReportAssembler& assembler,
                                                                                 Deadline deadline,
                                                                                 Error& trouble);
  [[nodiscard]] boost::asio::awaitable<UnscannedReason> why_it_ended(std::shared_ptr<Worker> worker);
  [[nodiscard]] Report signed_report(Report report) const;
  void share_verdicts();
  void remember(Worker& worker, const ScanRequest& request, const Report& report,
                std::vector<Digest> vouched);
  void forget_what_it_said(Worker& worker);

  boost::asio::any_io_executor executor_;
  std::uint32_t number_;
  Channel channel_;
  std::unique_ptr<VerdictTable> verdicts_;
  ReportMemory reports_;
  Events events_;
  State state_ = State::loading;
  bool gone_ = false;  // the process has closed its socket
  Signal gone_signal_;
  EngineReady ready_;
  std::string failure_;
  std::map<std::uint32_t, std::shared_ptr<Worker>> workers_;
  std::uint32_t next_worker_ = 1;
  std::uint32_t failed_starts_ = 0;  // workers that ended before they were ready, in a row
};

}  // namespace rastel::sandbox
