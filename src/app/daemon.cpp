// SPDX-License-Identifier: GPL-2.0-only
#include "app/daemon.hpp"

#include <csignal>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "app/control_server.hpp"
#include "app/entrances.hpp"
#include "app/metrics.hpp"
#include "app/scan_result.hpp"
#include "app/signatures_json.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "configuration/configuration.hpp"
#include "configuration/configuration_check.hpp"
#include "inspect/release.hpp"
#include "sandbox/master_link.hpp"
#include "sandbox/signature_keeper.hpp"

namespace rastel {
namespace {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto drain_time = std::chrono::seconds(55);  // less than the master waits

class Daemon final : public control::ControlHandlers {
 public:
  explicit Daemon(FileDescriptor master)
      : link_(sandbox::MasterLink::create(main_.get_executor(), std::move(master))),
        signals_(main_, SIGTERM, SIGHUP, SIGUSR2) {}

  int run() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches all of us; the master tells us when
    asio::co_spawn(main_, live(), asio::detached);
    asio::co_spawn(main_, watch_signals(), asio::detached);
    asio::co_spawn(main_, watch_master(), asio::detached);
    main_.run();
    if (threads_) threads_->stop();
    return status_;
  }

  Answer<boost::json::object> status() override {
    const sandbox::PoolStatus pool = pool_->status();
    boost::json::object object;
    object["state"] = draining_ ? "draining" : pool.ready ? "scanning" : "not scanning";
    if (!pool.ready) object["trouble"] = pool.trouble;
    object["version"] = RASTEL_VERSION;
    object["engine"] = pool.engine_version;
    const sandbox::KeeperStatus keeper = keeper_->status();
    object["signatures"] = boost::json::object{{"state", state_of_signatures(pool, keeper)},
                                               {"version", pool.signature_version},
                                               {"count", pool.signature_count},
                                               {"time", pool.signature_time},
                                               {"generation", pool.generation}};
    std::string warning;
    if (pool.builtin_only)
      warning =
          "only built-in test signatures: no real malware is found; install freshclam (Debian: "
          "clamav-freshclam)";
    if (!keeper.refused_why.empty())
      warning +=
          (warning.empty() ? "" : "; ") + ("new signatures were refused: " + printable(keeper.refused_why));
    if (!warning.empty()) object["warning"] = warning;
    object["workers"] = boost::json::object{
        {"idle", pool.workers_idle}, {"busy", pool.workers_busy}, {"starting", pool.workers_starting}};
    object["scans"] = boost::json::object{{"done", pool.scans},
                                          {"timeouts", pool.timeouts},
                                          {"crashes", pool.crashes},
                                          {"under_way", pool_->scans_under_way()},
                                          {"passed_unscanned", services_->passed_unscanned.load()}};
    object["remembered"] = boost::json::object{{"entries", pool.remembered},
                                               {"messages_known", pool.messages_known},
                                               {"layers", pool.layers},
                                               {"layers_known", pool.layers_known}};
    object["confinement_missing"] =
        boost::json::array(pool.confinement_missing.begin(), pool.confinement_missing.end());
    object["doors"] = entrances_->status();
    const auto usage = co_await blocking_.run([this] { return quarantine_->usage(); });
    if (usage)
      object["quarantine"] = boost::json::object{{"messages", usage->messages}, {"bytes", usage->bytes}};
    co_return object;
  }

  Answer<std::vector<store::HistoryRow>> history(store::HistoryFilter filter) override {
    auto ask = [this, filter = std::move(filter)]() -> Result<std::vector<store::HistoryRow>> {
      RASTEL_CHECK(history_->flush());
      return history_->query(filter);
    };
    co_return co_await blocking_.run(std::move(ask));
  }
  Answer<std::vector<store::HeldMessage>> quarantine_list(store::ListFilter filter) override {
    auto ask = [this, filter = std::move(filter)] { return quarantine_->list(filter); };
    co_return co_await blocking_.run(std::move(ask));
  }
  Answer<store::HeldMessage> quarantine_show(std::string id) override {
    auto ask = [this, id = std::move(id)] { return quarantine_->show(id); };
    co_return co_await blocking_.run(std::move(ask));
  }
  Answer<FileDescriptor> quarantine_raw(std::string id) override {
    auto ask = [this, id = std::move(id)] { return quarantine_->raw(id); };
    co_return co_await blocking_.run(std::move(ask));
  }
  Answer<control::ReleaseOutcome> quarantine_release(std::string id, std::vector<std::string> to,
                                                     std::string by) override {
    RASTEL_CO_TRY(inspect::Released released, co_await inspect::release(id, std::move(to), release_hop(),
                                                                        *quarantine_, blocking_, spool()));
    if (!released.released.empty()) {
      RASTEL_CO_CHECK(
          co_await record(std::move(id), std::move(by), "release", released.released, released.reply));
    }
    co_return control::ReleaseOutcome{std::move(released.released), std::move(released.refused),
                                      std::move(released.reply)};
  }
  Answer<> quarantine_delete(std::string id, std::string by) override {
    auto ask = [this, id] { return quarantine_->remove(id); };
    RASTEL_CO_CHECK(co_await blocking_.run(std::move(ask)));
    co_return co_await record(std::move(id), std::move(by), "delete", {}, "");
  }
  Answer<boost::json::object> health() override {
    const doors::http::Health now = health_now();
    boost::json::object object;
    object["good"] = now.good;
    object["health"] = boost::json::parse(now.json);
    co_return object;
  }
  Answer<std::string> metrics() override {
    std::string text = co_await metrics_text();
    co_return text;
  }
  Answer<std::size_t> quarantine_purge() override {
    co_return co_await blocking_.run([this] { return quarantine_->purge(store::Clock::now()); });
  }

  control::SpoolRoom spool_room() override { return {spool(), services_->max_message}; }

  // Outside of the way of mail: nothing is held, and the history doesn't know of it.
  Answer<boost::json::object> scan(MessagePointer message,
                                   std::shared_ptr<sandbox::Withdrawal> withdrawal) override {
    const auto begun = std::chrono::steady_clock::now();
    sandbox::ScanRequest request{std::move(message)};
    Report report = co_await pool_->scan(std::move(request), std::move(withdrawal));
    const auto spent =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    co_return to_json(
        judged(std::move(report), configuration_.policy, static_cast<std::uint64_t>(spent.count())));
  }

  Answer<std::string> reload() override {
    RASTEL_CO_TRY(sandbox::Handover handover, co_await link_->reload_configuration());
    if (ending_) co_return fail(ErrorKind::cancelled, "it is ending");
    RASTEL_CO_TRY(Configuration configuration, parse_configuration(handover.configuration, handover.source));
    RASTEL_CO_TRY(std::vector<doors::smtp::DoorTls> tls, load_tls(configuration, handover));
    take(std::move(configuration));
    RASTEL_CO_CHECK(entrances_->open(configuration_, std::move(handover.listeners), tls));
    draining_ = false;
    log::info("configuration {} taken", handover.source);
    keeper_->set_options(configuration_.signatures);
    const auto loaded = co_await keeper_->reload(sandbox::ReloadWish::in_any_case);
    if (!loaded) co_return fail(loaded.error().kind, "the configuration was taken; " + loaded.error().what);
    co_return "configuration and signatures taken";
  }

  Answer<boost::json::object> signatures_status() override {
    co_return signatures_as_json(pool_->status(), keeper_->status(), configuration_.signatures);
  }

  Answer<std::string> signatures_reload() override {
    co_return co_await keeper_->reload(sandbox::ReloadWish::if_new);
  }

  Answer<std::string> drain() override {
    begin_drain();
    const std::size_t left = sessions();
    co_return left == 0
        ? std::string("no session is left; new ones are refused until reload")
        : fmt::format("{} session(s) end with their transaction; new ones are refused until reload", left);
  }

 private:
  [[nodiscard]] std::filesystem::path spool() const { return configuration_.store.directory + "/spool"; }
  [[nodiscard]] inspect::ReleaseHop release_hop() const {
    char name[256] = "localhost";
    gethostname(name, sizeof name - 1);
    return {configuration_.store.release,
            configuration_.site.hostname.empty() ? name : configuration_.site.hostname};
  }

  asio::awaitable<void> live() {
    if (const auto begun = co_await begin(); !begun) {
      log::error("{}", begun.error().what);
      status_ = 1;
      main_.stop();
      co_return;
    }
    co_await inspect::resume_releases(release_hop(), *quarantine_, blocking_, spool());
    asio::steady_timer hourly(main_);
    for (;;) {
      const auto removed = co_await quarantine_purge();
      if (!removed) log::error("the quarantine can't be tidied: {}", removed.error().what);
      const auto tidied = co_await blocking_.run(
          [this] { return history_->purge(store::Clock::now() - configuration_.store.keep); });
      if (!tidied) log::error("the history can't be tidied: {}", tidied.error().what);
      hourly.expires_after(std::chrono::hours(1));
      (void)co_await hourly.async_wait(as_awaitable);
    }
  }

  asio::awaitable<Result<>> begin() {
    RASTEL_CO_TRY(sandbox::Handover handover, co_await link_->configuration());
    RASTEL_CO_TRY(Configuration configuration, parse_configuration(handover.configuration, handover.source));
    RASTEL_CO_TRY(std::vector<doors::smtp::DoorTls> tls, load_tls(configuration, handover));
    const EngineOptions engine = configuration.engine;
    RASTEL_CO_TRY(quarantine_, store::Quarantine::open(configuration.store, store::real_files()));
    RASTEL_CO_TRY(history_, store::History::open(configuration.store));
    sandbox::HandOver hand_over;
    hand_over.load_deadline = configuration.signatures.load_deadline;
    pool_ = sandbox::WorkerPool::create(main_.get_executor(), engine, *link_, hand_over);
    keeper_ = sandbox::SignatureKeeper::create(main_.get_executor(), configuration.signatures, *pool_);
    inspector_.emplace(main_.get_executor(), *pool_, *quarantine_, blocking_, sandbox::workers_of(engine),
                       configuration.store.directory + "/spool");
    const std::uint32_t processors = std::thread::hardware_concurrency();
    threads_.emplace(processors <= 2 ? 0 : std::min(processors / 2, 8U), main_.get_executor());
    services_.emplace(*inspector_, blocking_, *history_, *threads_, configuration.store.directory + "/spool",
                      engine.max_message.value);
    take(std::move(configuration));
    for (const std::string& warning : warnings(configuration_)) log::warning("{}", warning);
    pool_->start();
    keeper_->start();
    entrances_.emplace(
        main_.get_executor(), *this, *services_,
        doors::http::Sources{[this] { return health_now(); }, [this] { return metrics_text(); }},
        doors::clamd::Sources{main_.get_executor(), [this] { return engine_now(); },
                              [this] { asio::co_spawn(main_, load_if_new(), asio::detached); }});
    RASTEL_CO_CHECK(entrances_->open(configuration_, std::move(handover.listeners), tls));
    co_return Result<>{};
  }

  void take(Configuration configuration) {
    configuration_ = std::move(configuration);
    log::configure(configuration_.log, "rastel");
    inspector_->set_policy(std::make_shared<const PolicyOptions>(configuration_.policy));
  }

  // One a door, in their order. The files are those that the master has read for us.
  static Result<std::vector<doors::smtp::DoorTls>> load_tls(const Configuration& configuration,
                                                            const sandbox::Handover& handover) {
    const auto read = [&](const std::string& path) -> Result<std::string> {
      const auto found = handover.files.find(path);
      if (found == handover.files.end()) return fail(ErrorKind::ours, "the master did not hand over " + path);
      return found->second;
    };
    std::vector<doors::smtp::DoorTls> loaded;
    std::vector<std::string> remarks;
    for (const SmtpDoorOptions& options : configuration.door.smtp) {
      RASTEL_TRY(doors::smtp::DoorTls tls, doors::smtp::load_tls(options, read, remarks));
      loaded.push_back(std::move(tls));
    }
    for (const std::string& remark : remarks) log::warning("{}", remark);
    return loaded;
  }

  doors::http::Health health_now() {
    const sandbox::PoolStatus pool = pool_->status();
    boost::json::object object{{"status", pool.ready && !draining_ ? "ok" : "not scanning"},
                               {"signatures", pool.signature_version}};
    if (!pool.ready) object["trouble"] = pool.trouble;
    if (draining_) object["trouble"] = "draining";
    if (pool.builtin_only) object["warning"] = "only built-in test signatures: production needs freshclam's";
    return {pool.ready && !draining_, boost::json::serialize(object)};
  }

  doors::clamd::EngineState engine_now() {
    const sandbox::PoolStatus pool = pool_->status();
    doors::clamd::EngineState engine;
    engine.version = pool.engine_version;
    engine.signatures = pool.signature_version;
    engine.signature_time = pool.signature_time;
    engine.ready = pool.ready && !draining_;
    engine.workers = pool.workers_idle + pool.workers_busy + pool.workers_starting;
    engine.idle = pool.workers_idle;
    const std::uint32_t scans = pool_->scans_under_way();
    engine.waiting = scans - std::min(scans, pool.workers_busy);
    engine.memory = pool.memory;
    return engine;
  }

  // For who asks by clamd's protocol, as often as he likes: one at a time is enough.
  asio::awaitable<void> load_if_new() {
    if (std::exchange(loading_, true)) co_return;
    const auto loaded = co_await signatures_reload();
    if (!loaded) log::error("the signatures are not loaded: {}", loaded.error().what);
    loading_ = false;
  }

  // At most every few seconds: to look through a process with a gigabyte of signatures takes the kernel, and
  // the master, tens of milliseconds.
  asio::awaitable<std::vector<sandbox::ProcessMemory>> memory() {
    if (memory_until_.passed()) {
      memory_until_ = Deadline::in(std::chrono::seconds(5));
      auto asked = co_await link_->memory();
      if (asked) memory_ = *std::move(asked);
    }
    co_return memory_;
  }

  asio::awaitable<std::string> metrics_text() {
    metrics::Snapshot snapshot;
    snapshot.started = started_;
    snapshot.memory = co_await memory();
    const auto usage = co_await blocking_.run([this] { return quarantine_->usage(); });
    if (usage) snapshot.quarantine = *usage;
    snapshot.now = std::chrono::system_clock::now();
    snapshot.pool = pool_->status();
    snapshot.signatures_refused = !keeper_->status().refused_why.empty();
    snapshot.scans_under_way = pool_->scans_under_way();
    snapshot.draining = draining_;
    snapshot.counts = services_->counters.values();
    snapshot.passed_unscanned = services_->passed_unscanned.load();
    snapshot.history_dropped = history_->dropped();
    snapshot.doors = entrances_->sessions_by_door();
    co_return metrics::exposition(snapshot);
  }

  // Who did it: in the log, and as a row of the history. Without a name (the command line) in the log alone.
  Answer<> record(std::string id, std::string by, std::string action, std::vector<std::string> recipients,
                  std::string reply) {
    log::fields(id, {{"action", action},
                     {"by", by.empty() ? "-" : by},
                     {"reply", reply.empty() ? "-" : reply, log::Field::Kind::quoted}});
    if (by.empty()) co_return Result<>{};
    auto ask = [this, id] { return quarantine_->show(id); };
    const auto held = co_await blocking_.run(std::move(ask));
    store::HistoryRow row;
    row.id = std::move(id);
    row.when = std::chrono::system_clock::now();
    row.door = "page";
    row.authenticated_user = std::move(by);
    row.action = std::move(action);
    row.reply = std::move(reply);
    if (held) {
      row.sender = held->envelope.reverse_path;
      row.message_id = held->message_id;
      row.size = held->size;
      row.message_class = class_with_reason(held->message_class, held->reason);
      for (const store::HeldRecipient& recipient : held->recipients)
        if (recipients.empty())
          row.recipients += (row.recipients.empty() ? "" : ",") + recipient.recipient.address;
    }
    for (const std::string& recipient : recipients)
      row.recipients += (row.recipients.empty() ? "" : ",") + recipient;
    history_->append(std::move(row));
    co_return Result<>{};
  }

  void begin_drain() {
    draining_ = true;
    if (entrances_) entrances_->drain();
  }

  [[nodiscard]] std::size_t sessions() const { return entrances_ ? entrances_->sessions() : 0; }

  asio::awaitable<void> end(std::string why) {
    if (ending_) co_return;
    ending_ = true;
    log::info("{}: finishing what is under way", why);
    begin_drain();
    const Deadline latest = Deadline::in(drain_time);
    asio::steady_timer timer(main_);
    while (sessions() > 0 && !latest.passed()) {
      timer.expires_after(std::chrono::milliseconds(50));
      (void)co_await timer.async_wait(as_awaitable);
    }
    if (const std::size_t left = sessions(); left > 0)
      log::warning("{} session(s) are cut off; their clients will come again", left);
    if (threads_) threads_->stop();
    if (pool_) co_await pool_->stop();
    if (keeper_) co_await keeper_->stop();
    if (history_)
      if (const auto flushed = history_->flush(); !flushed)
        log::error("the history: {}", flushed.error().what);
    main_.stop();
  }

  asio::awaitable<void> watch_signals() {
    for (;;) {
      const auto [code, number] = co_await signals_.async_wait(as_awaitable);
      if (code) co_return;
      if (number == SIGTERM) {
        asio::co_spawn(main_, end("told to end"), asio::detached);
      } else if (number == SIGUSR2) {
        if (entrances_) entrances_->leave();
        asio::co_spawn(main_, end("told to make way for a new program"), asio::detached);
      } else if (number == SIGHUP) {
        asio::co_spawn(main_, reload_and_say(), asio::detached);  // it may take minutes
      }
    }
  }

  asio::awaitable<void> reload_and_say() {
    const auto done = co_await reload();
    if (!done) log::error("not reloaded: {}", done.error().what);
  }

  asio::awaitable<void> watch_master() {
    co_await link_->master_gone();
    co_await end("the master process is gone");
  }

  asio::io_context main_{1};
  std::unique_ptr<sandbox::MasterLink> link_;
  asio::signal_set signals_;
  Configuration configuration_;
  inspect::BlockingPool blocking_{4};
  std::unique_ptr<store::Quarantine> quarantine_;
  std::unique_ptr<store::History> history_;
  std::unique_ptr<sandbox::WorkerPool> pool_;
  std::unique_ptr<sandbox::SignatureKeeper> keeper_;
  std::optional<inspect::Inspector> inspector_;
  std::optional<inspect::Services> services_;
  std::optional<inspect::IoThreads> threads_;
  std::optional<Entrances> entrances_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  std::vector<sandbox::ProcessMemory> memory_;
  Deadline memory_until_ = Deadline::in(std::chrono::seconds(0));
  bool draining_ = false;
  bool loading_ = false;  // load_if_new()
  bool ending_ = false;
  int status_ = 0;
};

}  // namespace

int run_daemon(FileDescriptor master) {
  // Never destroyed: coroutines that still wait refer to it, and the process ends here.
  auto* daemon = new Daemon(std::move(master));
  const int status = daemon->run();
  _exit(status);
}

}  // namespace rastel
