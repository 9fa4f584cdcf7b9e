// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/pool.hpp"

#include <ctime>
#include <optional>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "sandbox/engine_run.hpp"
#include "sandbox/master_link.hpp"
#include "sandbox/scan_queue.hpp"

namespace rastel::sandbox {
namespace {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t most_failed_starts = 5;  // in a row; then the engine is replaced

class Pool final : public WorkerPool {
 public:
  Pool(asio::any_io_executor executor, const EngineOptions& options, MasterLink& master, HandOver hand_over)
      : executor_(executor),
        options_(options),
        hand_over_(hand_over),
        master_(master),
        change_(executor),
        queue_(executor, workers_of(options)) {
    options_.workers = workers_of(options);
  }

  ~Pool() override {
    for (const auto& engine : engines_)
      if (const auto alive = engine.lock()) alive->close();  // its coroutines may outlive us
  }

  void start() override {
    keeping_ = true;
    asio::co_spawn(executor_, keep_an_engine(), asio::detached);
  }

  asio::awaitable<Report> scan(ScanRequest request, std::shared_ptr<Withdrawal> withdrawal) override {
    ++status_.scans;
    if (current_) {
      if (auto known = current_->known_clean(request)) {
        ++status_.messages_known;
        co_return *std::move(known);
      }
    }
    ++under_way_;
    const Deadline deadline = Deadline::in(options_.deadline);
    Report report = co_await scan_until(deadline, std::move(request), *withdrawal);
    withdrawal->set_act({});
    if (withdrawal->withdrawn()) {
      report = Report{};
      report.set_unscanned(UnscannedReason::timeout);
    }
    status_.layers += report.layers;
    status_.layers_known += report.layers_known;
    if (report.has(UnscannedReason::timeout)) ++status_.timeouts;
    if (report.has(UnscannedReason::crash)) ++status_.crashes;
    --under_way_;
    change_.raise();
    co_return report;
  }

  asio::awaitable<Result<>> reload() override {
    if (!current_) co_return fail(ErrorKind::busy, "the first engine is still loading");
    if (reloading_) co_return fail(ErrorKind::busy, "signatures are being loaded already");
    reloading_ = true;
    end_trial();  // memory for two, never for three
    auto done = co_await load_beside();
    reloading_ = false;
    change_.raise();
    co_return done;
  }

  PoolStatus status() const override {
    PoolStatus status = status_;
    if (current_) {
      for (const auto& engine : {current_, former_}) {
        if (!engine) continue;
        status.workers_idle += engine->count(Worker::State::idle);
        status.workers_busy += engine->count(Worker::State::busy);
        status.workers_starting += engine->count(Worker::State::starting);
      }
      const EngineReady& ready = current_->ready();
      status.engine_version = ready.engine_version;
      status.signature_version = ready.signature_version;
      status.signature_count = ready.signature_count;
      status.signature_time = ready.signature_time;
      status.builtin_only = ready.builtin_only;
      status.confinement_missing = ready.missing;
      status.signature_digest = ready.signature_digest;
      status.yara_rules = ready.yara_rules;
      status.memory = ready.memory;
      status.load_ms = ready.load_ms;
      status.remembered = current_->remembered();
    }
    status.loading = reloading_;
    status.on_trial = former_ != nullptr;
    // With all workers being replaced at this moment a message waits a little; that is ready.
    status.ready = current_ && current_->state() == EngineRun::State::ready &&
                   (status.workers_idle + status.workers_busy > 0 || current_->failed_starts() == 0);
    if (status.ready)
      status.trouble.clear();
    else if (status.trouble.empty())
      status.trouble = "the signatures are being loaded";
    return status;
  }

  std::uint32_t scans_under_way() const override { return under_way_; }
  std::uint64_t generation() const override { return status_.generation; }

  asio::awaitable<void> stop() override {
    stopped_ = true;
    if (current_) end(std::exchange(current_, nullptr));
    if (former_) end(std::exchange(former_, nullptr));
    for (const auto& old : draining_) end(old);
    draining_.clear();
    changed();
    // Whoever still waits here has been told; nothing of ours runs after this. (Only a master that hangs can
    // keep one.)
    const Deadline deadline = Deadline::in(std::chrono::seconds(10));
    while ((under_way_ > 0 || ending_ > 0 || keeping_ || reloading_) && !deadline.passed())
      co_await change_.wait(deadline);
  }

 private:
  struct Acquired {
    std::shared_ptr<EngineRun> engine;
    std::shared_ptr<Worker> worker;  // null: none was to be had
    ScanQueue::Share share;
  };

  // A worker is free, or nobody can hope for one any more.
  void changed() {
    if (hopeless()) queue_.wake_all();
    queue_.wake_next();
    change_.raise();
    refill();
  }

  // While the first engine loads, or one that died is replaced, there is something to wait for; where the
  // signatures can't be loaded at all there is not, and the sender is told at once.
  [[nodiscard]] bool hopeless() const { return stopped_ || (!current_ && cannot_start_); }

  // A scan that its engine's death or a broken worker has cut off is not to blame: the first gets one more
  // try, the second (which never had the message) as many as the time allows.
  asio::awaitable<Report> scan_until(Deadline deadline, ScanRequest request, Withdrawal& withdrawal) {
    Report none;
    none.set_unscanned(UnscannedReason::engine);
    for (int deaths = 0;;) {
      const Acquired acquired = co_await acquire(request.message->size(), deadline, withdrawal);
      const auto& engine = acquired.engine;
      const auto& worker = acquired.worker;
      if (!worker) co_return none;
      withdrawal.set_act([engine, worker] { engine->kill_worker(worker); });
      ScanOutcome outcome = co_await engine->scan(worker, request, Deadline::in(options_.deadline));
      give_back(*engine, worker, outcome);
      if (outcome.report.has(UnscannedReason::crash) && !withdrawal.withdrawn()) {
        auto second = co_await whose_fault(engine, request);
        if (second) co_return *std::move(second);
      }
      if (outcome.kind == ScanOutcome::Kind::answered || withdrawal.withdrawn())
        co_return std::move(outcome.report);
      if (outcome.kind == ScanOutcome::Kind::engine_died && ++deaths == 2)
        co_return std::move(outcome.report);
    }
  }

  asio::awaitable<Acquired> acquire(std::uint64_t size, Deadline deadline, Withdrawal& withdrawal) {
    const auto mine = queue_.enter(size);
    withdrawal.set_act([mine] { mine->wake.cancel(); });
    Acquired acquired;
    while (!hopeless() && !deadline.passed() && !withdrawal.withdrawn()) {
      if (current_ && queue_.is_next(mine)) acquired = idle_worker();
      if (acquired.worker) {
        acquired.worker->state = Worker::State::busy;
        acquired.share = queue_.take_share(size);
        break;
      }
      mine->wake.expires_at(deadline.when());
      (void)co_await mine->wake.async_wait(as_awaitable);
    }
    queue_.leave(mine);
    co_return acquired;
  }

  void give_back(EngineRun& engine, const std::shared_ptr<Worker>& worker, const ScanOutcome& outcome) {
    const bool clean = outcome.report.complete() && outcome.report.findings.empty();
    const bool old = &engine == former_.get() ? usable(*current_) + former_->living() > wanted()
                                              : &engine != current_.get();
    if (former_ && &engine == current_.get() && outcome.kind == ScanOutcome::Kind::answered &&
        !outcome.report.has(UnscannedReason::crash) && ++trial_scans_ >= hand_over_.trial_scans)
      end_trial();
    // A worker that has met something may be in its hands: the next message gets a fresh one.
    if (worker->state == Worker::State::busy) {
      if (!clean || old || worker->scans >= options_.retire_after)
        engine.kill_worker(worker);
      else
        worker->state = Worker::State::idle;
    }
    end_drained();
    changed();
  }

  // As many workers as configured, and a spare one that is warm already when another has to go.
  [[nodiscard]] std::uint32_t wanted() const { return options_.workers + 1; }
  [[nodiscard]] static std::uint32_t usable(const EngineRun& engine) {
    return engine.count(Worker::State::idle) + engine.count(Worker::State::busy);
  }

  void refill() {
    if (stopped_ || !current_ || current_->state() != EngineRun::State::ready) return;
    if (current_->failed_starts() > most_failed_starts) return;  // keep_an_engine() starts afresh
    // In a hand-over one more than wanted at a time: as the new come, the old go.
    std::uint32_t old = former_ ? former_->living() : 0;
    for (std::uint32_t have = current_->living();
         have < wanted() && have + old < wanted() + (old > 0 ? 1 : 0) &&
         current_->state() == EngineRun::State::ready;
         ++have)
      current_->fork_worker();
    for (; former_ && old > 0 && usable(*current_) + old > wanted(); --old) {
      const auto leaving = former_->count(Worker::State::idle) > reserved_ ? former_->idle_worker() : nullptr;
      if (!leaving) break;  // the busy ones go when they have done: give_back()
      former_->kill_worker(leaving);
    }
  }

  // Of the engine in use, else, in a hand-over, of the one before.
  [[nodiscard]] Acquired idle_worker() {
    Acquired acquired{current_, current_->idle_worker(), {}};
    if (!acquired.worker && former_ && former_->count(Worker::State::idle) > reserved_) {
      acquired = {former_, former_->idle_worker(), {}};
      if (acquired.worker) mixed_ = true;
    }
    return acquired;
  }

  // With the old engine still there, a message that has crashed the new one is given to it: survives it, the
  // new signatures are to blame, and its verdict stands. (A message that crashes both is to blame itself:
  // nobody turns the signatures back by sending it.)
  asio::awaitable<std::optional<Report>> whose_fault(std::shared_ptr<EngineRun> engine, ScanRequest request) {
    const auto old = former_;
    if (!old || engine != current_ || old->state() != EngineRun::State::ready) co_return std::nullopt;
    const Deadline deadline = Deadline::in(std::chrono::seconds(10));
    std::shared_ptr<Worker> worker = old->idle_worker();
    ++reserved_;
    if (!worker) old->fork_worker();
    while (!worker && old->state() == EngineRun::State::ready && !stopped_ && !deadline.passed()) {
      co_await change_.wait(deadline);
      worker = old->idle_worker();
    }
    --reserved_;
    queue_.wake_next();
    if (!worker) co_return std::nullopt;
    worker->state = Worker::State::busy;
    ScanOutcome outcome = co_await old->scan(worker, std::move(request), Deadline::in(options_.deadline));
    old->kill_worker(worker);
    end_drained();
    changed();
    if (outcome.kind != ScanOutcome::Kind::answered || !outcome.report.complete()) co_return std::nullopt;
    mixed_ = true;
    if (former_ && old == former_ && engine == current_ && ++faults_ >= hand_over_.most_faults)
      (void)roll_back("its scanners crash on messages that the signatures before can scan");
    co_return std::move(outcome.report);
  }

  asio::awaitable<Result<>> load_beside() {
    RASTEL_CO_TRY(const auto next,
                  co_await usable_engine("the new signatures were not taken, the old ones stay: "));
    take_over(next);
    while (!stopped_ && current_ == next && former_ && former_->count(Worker::State::idle) > reserved_)
      co_await change_.wait(Deadline::in(std::chrono::seconds(1)));
    if (stopped_) co_return fail(ErrorKind::cancelled, "shutting down");
    if (current_ != next)
      co_return fail(ErrorKind::ours, "the new signatures failed in use: " + status_.rolled_back_why);
    co_return Result<>{};
  }

  // The new engine has proved itself, or another is to come.
  void end_trial() {
    if (!former_) return;
    draining_.push_back(std::exchange(former_, nullptr));
    // What old workers said in the hand-over is not to be remembered as the new ones' word.
    if (std::exchange(mixed_, false)) ++status_.generation;
    end_drained();
  }

  bool roll_back(const std::string& why) {
    if (!former_ || former_->state() != EngineRun::State::ready || stopped_) return false;
    const auto failed = std::exchange(current_, std::exchange(former_, nullptr));
    status_.rolled_back_digest = failed->ready().signature_digest;
    status_.rolled_back_why = why;
    ++status_.generation;
    mixed_ = false;
    status_.taken_at = std::time(nullptr);
    log::error("signatures {} are given up, back to {}: {}", failed->ready().signature_version,
               current_->ready().signature_version, why);
    end(failed);
    changed();
    return true;
  }

  // Of what may be remembered, a share is for whole messages.
  [[nodiscard]] std::size_t report_memory() const { return options_.verdict_cache.value / 4; }

  std::unique_ptr<VerdictTable> verdict_table() const {
    if (options_.verdict_cache.value == 0) return nullptr;
    auto table = VerdictTable::create(options_.verdict_cache.value - report_memory());
    if (table) return *std::move(table);
    log::warning("nothing is remembered, everything is scanned anew: {}", table.error().what);
    return nullptr;
  }

  asio::awaitable<Result<std::shared_ptr<EngineRun>>> start_engine() {
    RASTEL_CO_TRY(EngineProcess process, co_await master_.start_engine());
    EngineRun::Events events{[this] { changed(); }};
    auto engine = std::make_shared<EngineRun>(executor_, process.number, std::move(process.socket),
                                              verdict_table(), report_memory(), std::move(events));
    std::erase_if(engines_, [](const auto& known) { return known.expired(); });
    engines_.push_back(engine);
    engine->start();
    co_return engine;
  }

  // One that is loaded and has a worker; else why there is none, behind `lead`.
  asio::awaitable<Result<std::shared_ptr<EngineRun>>> usable_engine(std::string lead) {
    RASTEL_CO_TRY(auto engine, co_await start_engine());
    co_await until_usable(*engine, 1, Deadline::in(hand_over_.load_deadline));
    std::string why;
    if (stopped_)
      why = "shutting down";
    else if (engine->state() == EngineRun::State::loading)
      why = "the signatures are not loaded after " + to_string(hand_over_.load_deadline);
    else if (!engine->idle_worker())
      why = why_unusable(*engine);
    else if (engine->ready().builtin_only && had_databases_)  // it would find nothing any more
      why = "the signature folder has become empty";
    if (why.empty()) co_return engine;
    end(engine);
    co_return fail(ErrorKind::ours, lead + why);
  }

  // Until it is ready with so many workers idle, or dead.
  asio::awaitable<void> until_usable(EngineRun& engine, std::uint32_t least, Deadline deadline) {
    while (!stopped_ && engine.state() != EngineRun::State::dead && !deadline.passed() &&
           engine.count(Worker::State::idle) < least && engine.failed_starts() <= most_failed_starts) {
      if (engine.state() == EngineRun::State::ready)
        for (std::uint32_t have = engine.living(); have < least && engine.state() == EngineRun::State::ready;
             ++have)
          engine.fork_worker();
      co_await change_.wait(Deadline::in(std::chrono::seconds(1)));
    }
  }

  static std::string why_unusable(const EngineRun& engine) {
    return engine.failure().empty() ? "its scanners don't come up" : engine.failure();
  }

  void take_over(const std::shared_ptr<EngineRun>& next) {
    const EngineReady& ready = next->ready();
    const std::string before = current_ ? current_->ready().signature_version : "none";
    end_trial();
    former_ = std::exchange(current_, next);
    trial_scans_ = 0;
    faults_ = 0;
    trial_ends_ = Deadline::in(hand_over_.trial_time);
    cannot_start_ = false;
    had_databases_ = !ready.builtin_only;
    ++status_.generation;
    status_.taken_at = std::time(nullptr);
    status_.trouble.clear();
    log::info(
        "scanning with {}, signatures {} (before: {}), {} of them, {} YARA rules, loaded in {:.1f} s, {} MiB",
        ready.engine_version, ready.signature_version, before, ready.signature_count, ready.yara_rules,
        static_cast<double>(ready.load_ms) / 1000, ready.memory >> 20);
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

  // It has a moment to tidy up after itself; then the master kills it, in any case.
  void end(const std::shared_ptr<EngineRun>& engine) {
    ++ending_;
    engine->close();
    asio::co_spawn(executor_, see_it_end(engine), asio::detached);
  }

  asio::awaitable<void> see_it_end(std::shared_ptr<EngineRun> engine) {
    co_await engine->until_gone(Deadline::in(std::chrono::seconds(2)));
    master_.kill_engine(engine->number());
    --ending_;
    change_.raise();
  }

  void end_drained() {
    std::erase_if(draining_, [this](const std::shared_ptr<EngineRun>& engine) {
      if (engine->count(Worker::State::busy) > 0 && engine->state() != EngineRun::State::dead) return false;
      end(engine);
      return true;
    });
  }

  // Starts an engine and watches over it until it (or the one that a reload put in its place) is dead; why.
  asio::awaitable<std::string> run_an_engine() {
    // One that is being loaded beside takes the place of one that died meanwhile.
    while (!stopped_ && reloading_) co_await change_.wait(Deadline::in(std::chrono::seconds(1)));
    if (!current_ && !stopped_) {
      const auto engine = co_await usable_engine(std::string());
      cannot_start_ = !engine;
      if (!engine) co_return engine.error().what;
      take_over(*engine);
    }
    co_await watch();
    end_trial();
    if (!current_) co_return "stopped";
    const auto dead = std::exchange(current_, nullptr);
    std::string why = why_unusable(*dead);
    end(dead);
    co_return why;
  }

  // Until the engine in use is dead and there is none to fall back on.
  asio::awaitable<void> watch() {
    while (!stopped_ && current_) {
      if (former_ && (trial_ends_.passed() || former_->state() == EngineRun::State::dead)) end_trial();
      const bool dead = current_->state() == EngineRun::State::dead;
      if ((dead || current_->failed_starts() > most_failed_starts) && !roll_back(why_unusable(*current_)))
        co_return;
      const Deadline latest = Deadline::in(std::chrono::seconds(5));
      co_await change_.wait(former_ ? latest.earlier(trial_ends_) : latest);
    }
  }

  asio::awaitable<void> keep_an_engine() {
    auto pause = std::chrono::seconds(1);
    while (!stopped_) {
      const auto since = std::chrono::steady_clock::now();
      const std::string why = co_await run_an_engine();
      if (stopped_) break;
      if (std::chrono::steady_clock::now() - since > std::chrono::minutes(1)) pause = std::chrono::seconds(1);
      status_.trouble = why;
      ++status_.restarts_of_engine;
      changed();  // who waits in vain is told
      log::error("no engine: {}; trying again in {} s", why, pause.count());
      const Deadline until = Deadline::in(pause);
      while (!stopped_ && !until.passed()) co_await change_.wait(until);
      pause = std::min(pause * 2, std::chrono::seconds(30));
    }
    keeping_ = false;
    change_.raise();
  }

  asio::any_io_executor executor_;
  EngineOptions options_;
  HandOver hand_over_;
  MasterLink& master_;
  Signal change_;
  ScanQueue queue_;
  std::shared_ptr<EngineRun> current_;
  std::shared_ptr<EngineRun> former_;  // while the current one is on trial
  Deadline trial_ends_ = Deadline::never();
  std::uint32_t trial_scans_ = 0;
  std::uint32_t faults_ = 0;
  std::uint32_t reserved_ = 0;  // idle workers of the former engine for second opinions
  bool mixed_ = false;          // a worker of the former one has answered in the hand-over
  bool had_databases_ = false;  // of the set in use, not only the built-in one
  std::vector<std::shared_ptr<EngineRun>> draining_;
  std::vector<std::weak_ptr<EngineRun>> engines_;  // all that may be alive
  PoolStatus status_;
  std::uint32_t under_way_ = 0;
  std::uint32_t ending_ = 0;  // engines
  bool keeping_ = false;
  bool reloading_ = false;
  bool cannot_start_ = false;  // the last engine was never of use
  bool stopped_ = false;
};

}  // namespace

std::uint32_t workers_of(const EngineOptions& options) {
  return options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
}

std::unique_ptr<WorkerPool> WorkerPool::create(asio::any_io_executor executor, const EngineOptions& options,
                                               MasterLink& master, HandOver hand_over) {
  return std::make_unique<Pool>(std::move(executor), options, master, hand_over);
}

}  // namespace rastel::sandbox
