// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/signature_keeper.hpp"

#include <ctime>
#include <optional>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "base/os/folder_watch.hpp"
#include "detect/signature_files.hpp"
#include "sandbox/signal.hpp"

namespace rastel::sandbox {
namespace {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto burst = std::chrono::milliseconds(100);    // hints that come together are one
constexpr auto rare_look = std::chrono::seconds(60);      // where the kernel tells
constexpr auto frequent_look = std::chrono::seconds(10);  // where it doesn't
constexpr auto memory_look = std::chrono::seconds(5);
constexpr auto engine_look = std::chrono::seconds(1);  // while the pool has no engine yet

class Keeper final : public SignatureKeeper {
 public:
  Keeper(asio::any_io_executor executor, const SignatureOptions& options, WorkerPool& pool,
         AvailableMemory available)
      : executor_(executor),
        options_(options),
        pool_(pool),
        available_memory_(std::move(available)),
        wake_(executor) {
    if (watch_.descriptor() >= 0) hints_.emplace(executor, watch_.descriptor());
  }

  // The descriptor stays the watch's.
  ~Keeper() override {
    if (hints_) hints_->release();
  }

  void start() override {
    pending_ = true;  // what the first engine loads may have changed while it did
    running_ = 1;
    asio::co_spawn(executor_, live(), asio::detached);
    if (hints_) {
      ++running_;
      asio::co_spawn(executor_, listen(), asio::detached);
    }
  }

  void set_options(const SignatureOptions& options) override {
    options_ = options;
    wake_.raise();
  }

  asio::awaitable<Result<std::string>> reload(ReloadWish wish) override {
    if (stopped_) co_return fail(ErrorKind::cancelled, "shutting down");
    const auto request = std::make_shared<Request>(executor_, wish);
    requests_.push_back(request);
    wake_.raise();
    while (!request->answer) co_await request->answered.wait(Deadline::in(std::chrono::seconds(1)));
    co_return *request->answer;
  }

  KeeperStatus status() const override { return status_; }

  asio::awaitable<void> stop() override {
    stopped_ = true;
    if (hints_) hints_->cancel();
    wake_.raise();
    const Deadline deadline = Deadline::in(std::chrono::seconds(10));
    while (running_ > 0 && !deadline.passed()) {
      co_await wake_.wait(Deadline::in(std::chrono::milliseconds(50)));
    }
    threads_.join();
  }

 private:
  using Clock = Deadline::Clock;
  struct Request {
    Request(const asio::any_io_executor& executor, ReloadWish what) : wish(what), answered(executor) {}
    ReloadWish wish;
    std::optional<Result<std::string>> answer;
    Signal answered;
  };
  struct Look {
    Result<detect::SignatureFiles> files = detect::SignatureFiles{};
    Result<std::string> digest = std::string();
    std::vector<std::filesystem::path> folders;
  };
  enum class Reading { names, contents };
  enum class Asker { the_folder, a_person };

  asio::awaitable<void> listen() {
    while (!stopped_) {
      const auto [code] =
          co_await hints_->async_wait(asio::posix::stream_descriptor::wait_read, as_awaitable);
      if (code || stopped_) break;
      asio::steady_timer pause(executor_, burst);
      (void)co_await pause.async_wait(as_awaitable);
      watch_.drain();
      wake_.raise();
    }
    --running_;
  }

  // Disks may be slow and databases large: not on the executor's thread.
  asio::awaitable<Look> look(Reading reading) {
    co_return co_await asio::co_spawn(threads_, look_on_thread(options_, reading), asio::use_awaitable);
  }
  static asio::awaitable<Look> look_on_thread(SignatureOptions options, Reading reading) {
    Look look;
    look.folders = detect::folders_of(options);
    look.files = detect::list_signature_files(options);
    if (reading == Reading::contents && look.files) look.digest = detect::digest_of(*look.files);
    co_return look;
  }

  asio::awaitable<void> live() {
    while (!stopped_) {
      const Look seen = co_await look(Reading::names);
      if (stopped_) break;
      watch_.watch(seen.folders);
      status_.watched = watch_.complete();
      notice(seen);
      if (!requests_.empty()) {
        co_await answer_requests();
      } else if (pending_ && Clock::now() >= changed_at_ + options_.settle) {
        (void)co_await take(ReloadWish::if_new, Asker::the_folder);
      }
      if (!stopped_ && requests_.empty()) co_await wake_.wait(next_look());
    }
    for (const auto& request : requests_) answer(*request, fail(ErrorKind::cancelled, "shutting down"));
    --running_;
  }

  [[nodiscard]] Deadline next_look() const {
    const auto regular =
        Deadline::in(status_.watched ? rare_look : std::min<Clock::duration>(frequent_look, options_.settle));
    if (!pending_) return regular;
    const auto now = Clock::now();
    if (now < changed_at_ + options_.settle)
      return regular.earlier(Deadline::at(changed_at_ + options_.settle));
    return Deadline::in(status_.state == KeeperStatus::State::waiting_for_memory ? memory_look : engine_look);
  }

  void notice(const Look& seen) {
    const std::string stamp = seen.files ? seen.files->stamp : seen.files.error().what;
    if (stamp == stamp_) return;
    if (!stamp_.empty()) {
      pending_ = true;
      enter(KeeperStatus::State::settling,
            "the signature files have changed; they are loaded once nothing "
            "changes any more for " +
                to_string(options_.settle));
    }
    changed_at_ = Clock::now();
    stamp_ = stamp;
  }

  void enter(KeeperStatus::State state, std::string what) {
    if (status_.state != state) status_.since = std::time(nullptr);
    status_.state = state;
    status_.what = std::move(what);
  }

  static void answer(Request& request, Result<std::string> what) {
    request.answer = std::move(what);
    request.answered.raise();
  }

  asio::awaitable<void> answer_requests() {
    const auto asked = std::exchange(requests_, {});
    ReloadWish wish = ReloadWish::if_new;
    for (const auto& request : asked)
      if (request->wish == ReloadWish::in_any_case) wish = request->wish;
    const auto done = co_await take_asked(wish);
    for (const auto& request : asked) answer(*request, done);
  }

  // Asked for by a person: also what was refused before, once more.
  asio::awaitable<Result<std::string>> take_asked(ReloadWish wish) {
    status_.refused_digest.clear();
    status_.refused_why.clear();
    co_return co_await take(wish, Asker::a_person);
  }

  asio::awaitable<Result<std::string>> take(ReloadWish wish, Asker asker) {
    if (in_any_case_) wish = ReloadWish::in_any_case;
    const Look seen = co_await look(Reading::contents);
    const PoolStatus before = pool_.status();
    if (!seen.files || !seen.digest) {
      const Error error = seen.files ? seen.digest.error() : seen.files.error();
      co_return refuse({}, error.what);
    }
    if (before.generation == 0) co_return fail(ErrorKind::busy, "the first engine is still loading");
    const std::string& digest = *seen.digest;
    const bool same = digest == before.signature_digest;
    if (same && wish == ReloadWish::if_new) co_return nothing_new(before);
    if (asker == Asker::the_folder && !same && !digest.empty() && digest == before.rolled_back_digest)
      co_return refuse(digest, before.rolled_back_why);
    if (digest == status_.refused_digest && !digest.empty()) {
      pending_ = false;
      enter(KeeperStatus::State::in_use, "");
      co_return fail(ErrorKind::invalid_input, status_.refused_why);
    }
    if (seen.files->databases.empty() && !before.builtin_only)
      co_return refuse(digest, "the signature folder " + options_.directory + " has become empty");
    if (const std::string lack = missing_memory(before); !lack.empty()) {
      pending_ = true;
      in_any_case_ = wish == ReloadWish::in_any_case;
      if (status_.state != KeeperStatus::State::waiting_for_memory) log::warning("{}", lack);
      enter(KeeperStatus::State::waiting_for_memory, lack);
      co_return fail(ErrorKind::busy, lack);
    }
    co_return co_await load(digest);
  }

  asio::awaitable<Result<std::string>> load(std::string digest) {
    enter(KeeperStatus::State::loading, "new signatures are being loaded beside those in use");
    const auto done = co_await pool_.reload();
    if (!done && done.error().kind == ErrorKind::busy) {
      pending_ = true;
      co_return std::unexpected(done.error());
    }
    in_any_case_ = false;
    if (!done) {
      if (done.error().kind == ErrorKind::cancelled) co_return std::unexpected(done.error());
      co_return refuse(std::move(digest), done.error().what);
    }
    pending_ = false;
    status_.refused_digest.clear();
    status_.refused_why.clear();
    enter(KeeperStatus::State::in_use, "");
    const PoolStatus now = pool_.status();
    co_return "signatures " + now.signature_version + " are in use (" + std::to_string(now.signature_count) +
        " of them)";
  }

  Result<std::string> nothing_new(const PoolStatus& in_use) {
    pending_ = false;
    status_.refused_digest.clear();
    status_.refused_why.clear();
    enter(KeeperStatus::State::in_use, "");
    return "nothing new: signatures " + in_use.signature_version + " are in use already";
  }

  std::unexpected<Error> refuse(std::string digest, std::string why) {
    pending_ = false;
    in_any_case_ = false;
    status_.refused_digest = std::move(digest);
    status_.refused_why = why;
    status_.refused_at = std::time(nullptr);
    enter(KeeperStatus::State::in_use, "");
    log::error("signatures refused: {}", why);
    return fail(ErrorKind::invalid_input, std::move(why));
  }

  // With reload = "wait": why there can't be two sets in memory now; empty: there can.
  [[nodiscard]] std::string missing_memory(const PoolStatus& in_use) const {
    if (options_.reload != ReloadMode::wait || in_use.memory == 0) return {};
    const auto available = available_memory_();
    const std::uint64_t needed = in_use.memory + in_use.memory / 8;
    if (!available || *available >= needed) return {};
    return "new signatures wait for memory: a second set needs " + std::to_string(needed >> 20) +
           " MiB, there are " + std::to_string(*available >> 20) + " MiB";
  }

  asio::any_io_executor executor_;
  SignatureOptions options_;
  WorkerPool& pool_;
  AvailableMemory available_memory_;
  Signal wake_;
  os::FolderWatch watch_;
  std::optional<asio::posix::stream_descriptor> hints_;
  asio::thread_pool threads_{1};
  KeeperStatus status_;
  std::vector<std::shared_ptr<Request>> requests_;
  std::string stamp_;
  Clock::time_point changed_at_ = Clock::now();
  bool pending_ = false;      // the folder may hold another set than is in use
  bool in_any_case_ = false;  // a reload that somebody asked for waits for memory
  bool stopped_ = false;
  int running_ = 0;  // coroutines
};

}  // namespace

std::unique_ptr<SignatureKeeper> SignatureKeeper::create(asio::any_io_executor executor,
                                                         const SignatureOptions& options, WorkerPool& pool,
                                                         AvailableMemory available) {
  return std::make_unique<Keeper>(std::move(executor), options, pool, std::move(available));
}

}  // namespace rastel::sandbox
