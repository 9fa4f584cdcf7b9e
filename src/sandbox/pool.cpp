// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/pool.hpp"

#include <deque>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "sandbox/engine_run.hpp"
#include "sandbox/master_link.hpp"

namespace rastel::sandbox {
namespace {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
using Timer = asio::steady_timer;

class Pool final : public WorkerPool {
 public:
  Pool(asio::any_io_executor executor, const EngineOptions& options, MasterLink& master)
      : executor_(executor), options_(options), master_(master), change_(executor), backoff_(executor) {
    if (options_.workers == 0) options_.workers = std::max(1U, std::thread::hardware_concurrency());
    change_.expires_at(Timer::time_point::max());
  }

  void start() override { asio::co_spawn(executor_, keep_an_engine(), asio::detached); }

  asio::awaitable<Report> scan(MessagePointer message) override {
    ++status_.scans;
    ++under_way_;
    const Deadline deadline = Deadline::in(options_.deadline);
    Report report;
    // A scan whose engine died under it, not its worker alone, is not to blame: it gets one more try.
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto [engine, worker] = co_await acquire(deadline);
      if (!worker) {
        report = {};
        report.set_unscanned(UnscannedReason::engine);
        break;
      }
      bool engine_died = false;
      report = co_await engine->scan(worker, message, deadline, engine_died);
      give_back(*engine, *worker, report);
      if (!engine_died) break;
    }
    if (report.has(UnscannedReason::timeout)) ++status_.timeouts;
    if (report.has(UnscannedReason::crash)) ++status_.crashes;
    --under_way_;
    co_return report;
  }

  asio::awaitable<Result<>> reload() override {
    if (!current_) co_return fail(ErrorKind::busy, "the first engine is still loading");
    if (reloading_) co_return fail(ErrorKind::busy, "signatures are being loaded already");
    reloading_ = true;
    auto next = co_await start_engine();
    if (next) co_await until_usable(**next);
    reloading_ = false;
    if (!next) co_return std::unexpected(next.error());
    if ((*next)->state() == EngineRun::State::dead || !(*next)->idle_worker()) {
      const std::string why = (*next)->failure().empty() ? "its scanners don't come up" : (*next)->failure();
      end(**next);
      co_return fail(ErrorKind::ours, "the new signatures were not taken, the old ones stay: " + why);
    }
    take_over(*next);
    co_return Result<>{};
  }

  PoolStatus status() const override {
    PoolStatus status = status_;
    if (current_) {
      status.workers_idle = current_->count(Worker::State::idle);
      status.workers_busy = current_->count(Worker::State::busy);
      status.workers_starting = current_->count(Worker::State::starting);
      const EngineReady& ready = current_->ready();
      status.engine_version = ready.engine_version;
      status.signature_version = ready.signature_version;
      status.signature_count = ready.signature_count;
      status.signature_time = ready.signature_time;
      status.builtin_only = ready.builtin_only;
      status.confinement_missing = ready.missing;
    }
    status.ready = current_ && status.workers_idle + status.workers_busy > 0;
    if (status.ready)
      status.trouble.clear();
    else if (status.trouble.empty())
      status.trouble = "the signatures are being loaded";
    return status;
  }

  std::uint32_t scans_under_way() const override { return under_way_; }

  asio::awaitable<void> stop() override {
    stopped_ = true;
    backoff_.cancel();
    if (current_) end(*std::exchange(current_, nullptr));
    for (const auto& old : draining_) end(*old);
    draining_.clear();
    changed();
    co_return;
  }

 private:
  using Acquired = std::pair<std::shared_ptr<EngineRun>, std::shared_ptr<Worker>>;

  // Wakes all who wait for a change; each looks again for itself.
  void changed() {
    for (const auto& waiter : waiters_) waiter->cancel();
    change_.cancel();
    change_.expires_at(Timer::time_point::max());
    refill();
  }

  asio::awaitable<void> any_change(Timer::duration longest) {
    change_.expires_after(longest);
    (void)co_await change_.async_wait(as_awaitable);
  }

  // First come, first served.
  asio::awaitable<Acquired> acquire(Deadline deadline) {
    const auto mine = std::make_shared<Timer>(executor_);
    waiters_.push_back(mine);
    Acquired acquired;
    // While the first engine loads, or one that died is replaced, there is something to wait for; where the
    // signatures can't be loaded at all there is not, and the sender is told at once.
    while (!stopped_ && !deadline.passed() && (current_ || !cannot_start_)) {
      if (current_ && waiters_.front() == mine) acquired = {current_, current_->idle_worker()};
      if (acquired.second) {
        acquired.second->state = Worker::State::busy;
        break;
      }
      mine->expires_at(deadline.when());
      (void)co_await mine->async_wait(as_awaitable);
    }
    std::erase(waiters_, mine);
    if (!waiters_.empty()) waiters_.front()->cancel();
    co_return acquired;
  }

  void give_back(EngineRun& engine, Worker& worker, const Report& report) {
    const bool clean = report.complete() && report.findings.empty();
    const bool old = !current_ || &engine != current_.get();
    // A worker that has met something may be in its hands: the next message gets a fresh one.
    if (worker.state == Worker::State::busy) {
      if (!clean || old || worker.scans >= options_.retire_after)
        engine.kill_worker(worker);
      else
        worker.state = Worker::State::idle;
    }
    end_drained();
    changed();
  }

  // As many workers as configured, and a spare one that is warm already when another has to go.
  void refill() {
    if (stopped_ || !current_ || current_->state() != EngineRun::State::ready) return;
    if (current_->failed_starts() > 5) return;  // keep_an_engine() starts afresh
    for (std::uint32_t have = current_->living(); have < options_.workers + 1; ++have)
      current_->fork_worker();
  }

  asio::awaitable<Result<std::shared_ptr<EngineRun>>> start_engine() {
    RASTEL_CO_TRY(EngineProcess process, co_await master_.start_engine());
    auto engine = std::make_shared<EngineRun>(executor_, process.number, std::move(process.socket),
                                              EngineRun::Events{[this] { changed(); }});
    engine->start();
    co_return engine;
  }

  // Until it is ready with a first worker idle, or dead. Loading takes as long as it takes.
  asio::awaitable<void> until_usable(EngineRun& engine) {
    bool asked = false;
    while (!stopped_ && engine.state() != EngineRun::State::dead && !engine.idle_worker() &&
           engine.failed_starts() <= 5) {
      if (engine.state() == EngineRun::State::ready && (!asked || engine.living() == 0)) {
        engine.fork_worker();
        asked = true;
      }
      co_await any_change(std::chrono::seconds(1));
    }
  }

  void take_over(const std::shared_ptr<EngineRun>& next) {
    if (current_) draining_.push_back(current_);
    current_ = next;
    cannot_start_ = false;
    ++status_.generation;
    const EngineReady& ready = next->ready();
    log::info("scanning with {}, signatures {} ({} of them)", ready.engine_version, ready.signature_version,
              ready.signature_count);
    if (ready.builtin_only)
      log::warning(
          "only the built-in test signatures are loaded: this machine finds no real malware. Production "
          "needs "
          "freshclam's (Debian: clamav-freshclam)");
    for (const std::string& sentence : ready.missing)
      log::warning("confinement: not to be had here: {}", sentence);
    end_drained();
    changed();
  }

  void end(EngineRun& engine) {
    engine.close();
    master_.kill_engine(engine.number());
  }

  void end_drained() {
    std::erase_if(draining_, [this](const std::shared_ptr<EngineRun>& engine) {
      if (engine->count(Worker::State::busy) > 0 && engine->state() != EngineRun::State::dead) return false;
      end(*engine);
      return true;
    });
  }

  asio::awaitable<void> keep_an_engine() {
    auto pause = std::chrono::seconds(1);
    while (!stopped_) {
      auto engine = co_await start_engine();
      bool was_usable = false;
      if (engine) {
        co_await until_usable(**engine);
        was_usable = (*engine)->idle_worker() != nullptr;
        if (was_usable) {
          take_over(*engine);
          const auto since = std::chrono::steady_clock::now();
          while (!stopped_ && current_ && current_->state() != EngineRun::State::dead &&
                 current_->failed_starts() <= 5)
            co_await any_change(std::chrono::seconds(5));
          if (stopped_) co_return;
          status_.trouble = "the engine process died";
          if (std::chrono::steady_clock::now() - since > std::chrono::minutes(1))
            pause = std::chrono::seconds(1);
          end(*std::exchange(current_, nullptr));
        } else {
          status_.trouble =
              (*engine)->failure().empty() ? "its scanners don't come up" : (*engine)->failure();
          end(**engine);
        }
      } else {
        status_.trouble = engine.error().what;
      }
      if (stopped_) co_return;
      ++status_.restarts_of_engine;
      cannot_start_ = !engine || !was_usable;
      changed();
      log::error("no engine: {}; trying again in {} s", status_.trouble, pause.count());
      backoff_.expires_after(pause);
      (void)co_await backoff_.async_wait(as_awaitable);
      pause = std::min(pause * 2, std::chrono::seconds(30));
    }
  }

  asio::any_io_executor executor_;
  EngineOptions options_;
  MasterLink& master_;
  Timer change_;
  Timer backoff_;
  std::shared_ptr<EngineRun> current_;
  std::vector<std::shared_ptr<EngineRun>> draining_;
  std::deque<std::shared_ptr<Timer>> waiters_;
  PoolStatus status_;
  std::uint32_t under_way_ = 0;
  bool reloading_ = false;
  bool cannot_start_ = false;  // the last engine was never of use
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<WorkerPool> WorkerPool::create(asio::any_io_executor executor, const EngineOptions& options,
                                               MasterLink& master) {
  return std::make_unique<Pool>(std::move(executor), options, master);
}

}  // namespace rastel::sandbox
