// SPDX-License-Identifier: GPL-2.0-only
// An engine for one command: the same program, confined in the same way, as the daemon's. We are its master
// and its daemon at once. It is started once: to start another would mean to fork with threads about, so that
// an engine that dies leaves the rest unscanned, and says so.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "app/scan/scanner.hpp"
#include "base/os/file.hpp"
#include "base/os/huge_pages.hpp"
#include "sandbox/master_link.hpp"
#include "sandbox/pool.hpp"
#include "sandbox/seqpacket.hpp"
#include "sandbox/spawn.hpp"

namespace rastel::scan {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

// The ranges of ids from here on are no running rasteld's.
constexpr std::uint32_t first_slot = 200, slots = 56;

class OwnMaster final : public sandbox::MasterLink {
 public:
  explicit OwnMaster(const Configuration& configuration) : configuration_(configuration) {}

  Result<> start() {
    std::error_code code;
    const fs::path own = fs::read_symlink("/proc/self/exe", code);
    const std::string program = (own.parent_path() / "rastel-engine").string();
    if (code || access(program.c_str(), X_OK) != 0)
      return fail(ErrorKind::ours,
                  "can't find the program rastel-engine beside this one: install all of Rastel");
    RASTEL_TRY(auto ends, sandbox::packet_socket_pair());
    RASTEL_TRY(const FileDescriptor text,
               os::sealed_memory_file(show_engine_configuration(configuration_), fs::temp_directory_path()));
    sandbox::Program engine{program, {}, {ends.second.get(), text.get()}};
    const Confinement confinement = configuration_.engine.confinement;
    if (confinement == Confinement::required || (confinement == Confinement::automatic && geteuid() == 0))
      engine.arguments.push_back("--confinement=required");
    engine.environment.push_back(os::huge_pages_for_malloc());
    const auto slot = first_slot + static_cast<std::uint32_t>(getpid()) % slots;
    RASTEL_TRY(const sandbox::Child child, sandbox::start_engine_program(engine, slot));
    pid_ = child.pid;
    socket_ = std::move(ends.first);
    return {};
  }

  asio::awaitable<Result<sandbox::EngineProcess>> start_engine() override {
    if (!socket_) co_return fail(ErrorKind::ours, "the engine has died");
    sandbox::EngineProcess process;
    process.number = 1;
    process.socket = std::move(socket_);
    co_return process;
  }
  // Its workers die with it.
  void kill_engine(std::uint32_t) override {
    const pid_t pid = pid_.exchange(-1);
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  }

  asio::awaitable<Result<sandbox::Handover>> configuration() override { co_return none(); }
  asio::awaitable<Result<sandbox::Handover>> reload_configuration() override { co_return none(); }
  asio::awaitable<Result<std::vector<sandbox::ProcessMemory>>> memory() override { co_return none(); }
  asio::awaitable<void> master_gone() override { co_return; }

 private:
  static std::unexpected<Error> none() { return fail(ErrorKind::ours, "there is no master here"); }

  const Configuration& configuration_;
  std::atomic<pid_t> pid_ = -1;
  FileDescriptor socket_;
};

class OwnScanners;

class OwnScanner final : public Scanner {
 public:
  explicit OwnScanner(OwnScanners& all) : all_(all) {}
  Result<ScanResult> scan(const MessagePointer& message) override;

 private:
  OwnScanners& all_;
};

class OwnScanners final : public Scanners {
 public:
  OwnScanners(const Configuration& configuration, std::uint32_t workers)
      : configuration_(configuration), master_(configuration) {
    options_ = configuration.engine;
    options_.workers = workers;
  }
  Result<> start() {
    RASTEL_CHECK(master_.start());
    sandbox::HandOver hand_over;
    hand_over.load_deadline = configuration_.signatures.load_deadline;
    pool_ = sandbox::WorkerPool::create(io_.get_executor(), options_, master_, hand_over);
    pool_->start();
    thread_ = std::thread([this] { io_.run(); });
    return asio::co_spawn(io_, until_ready(), asio::use_future).get();
  }

  Result<ScanResult> scan(const MessagePointer& message) {
    const auto begun = std::chrono::steady_clock::now();
    Report report =
        asio::co_spawn(io_, pool_->scan({message}, std::make_shared<sandbox::Withdrawal>()), asio::use_future)
            .get();
    const auto spent =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    return judged(std::move(report), configuration_.policy, static_cast<std::uint64_t>(spent.count()));
  }

  std::unique_ptr<Scanner> one() override { return std::make_unique<OwnScanner>(*this); }
  std::string who() const override { return "an engine of our own"; }
  std::string warning() const override {
    return builtin_only_
               ? "no signatures in " + configuration_.signatures.directory +
                     ": only the built-in test signatures are looked for, and no real malware is found"
               : std::string();
  }
  std::uint32_t most_at_once() const override { return options_.workers; }
  // Its zygote has something to tidy up.
  void end() override {
    asio::co_spawn(io_, stop(), asio::detached);
    thread_.join();
  }

 private:
  asio::awaitable<Result<>> until_ready() {
    asio::steady_timer timer(io_);
    for (;;) {
      const sandbox::PoolStatus status = pool_->status();
      builtin_only_ = status.builtin_only;
      if (status.ready) co_return Result<>{};
      if (status.restarts_of_engine > 0)
        co_return fail(ErrorKind::ours, "the engine can't be started: " + status.trouble);
      timer.expires_after(std::chrono::milliseconds(10));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  asio::awaitable<void> stop() {
    co_await pool_->stop();
    io_.stop();
  }

  const Configuration& configuration_;
  EngineOptions options_;
  OwnMaster master_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<sandbox::WorkerPool> pool_;
  bool builtin_only_ = false;
  std::thread thread_;
};

Result<ScanResult> OwnScanner::scan(const MessagePointer& message) { return all_.scan(message); }

}  // namespace

Result<std::unique_ptr<Scanners>> own_engine(const Configuration& configuration, std::uint32_t workers) {
  auto scanners = std::make_unique<OwnScanners>(configuration, workers);
  if (const auto started = scanners->start(); !started) {
    (void)scanners.release();
    return std::unexpected(started.error());
  }
  return scanners;
}

}  // namespace rastel::scan
