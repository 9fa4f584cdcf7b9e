// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/zygote.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/huge_pages.hpp"
#include "detect/engine.hpp"
#include "sandbox/process_memory.hpp"
#include "sandbox/scratch_folders.hpp"
#include "sandbox/seqpacket.hpp"
#include "sandbox/verdict_table.hpp"

namespace rastel::sandbox {
namespace {

constexpr std::uint64_t worth_huge_pages = 256ULL << 20;

class EngineScanner final : public Scanner {
 public:
  explicit EngineScanner(std::unique_ptr<detect::Engine> engine) : engine_(std::move(engine)) {}
  Result<> prove(const std::filesystem::path& scratch) override { return engine_->prove(scratch); }
  Report scan(int descriptor, std::uint64_t size, const std::filesystem::path& scratch,
              ScannedAs as) override {
    using Looks = detect::Engine::Looks;
    return engine_->scan(descriptor, size, scratch,
                         as == ScannedAs::message ? Looks::both : Looks::both_if_message);
  }
  void use_known_layers(const detect::KnownLayers* known) override { engine_->use_known_layers(known); }

 private:
  // Never freed: workers and zygote end by _exit, freeing the engine would copy all of its pages.
  std::unique_ptr<detect::Engine> engine_;
};

std::filesystem::path temporary_folder() {
  const char* named = std::getenv("TMPDIR");
  return named != nullptr && named[0] == '/' ? named : "/tmp";
}

class Zygote {
 public:
  Zygote(FileDescriptor socket, const ZygoteOptions& options)
      : socket_(std::move(socket)), options_(options) {}

  [[noreturn]] void run(const Load& load) {
    // Before anything could confine us: 0 and 1 lead nowhere, in us and in every worker.
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
      dup2(null, 0);
      dup2(null, 1);
      if (null > 2) close(null);
    }
    auto loaded = load();
    if (!loaded) failed(loaded.error().what);
    scanner_ = loaded->scanner.release();
    circumstances_.user_namespace = options_.user_namespace;
    circumstances_.temporary = temporary_folder();
    circumstances_.scratch_size = options_.scratch;
    circumstances_.memory = options_.memory;
    const auto confined = confine(Process::zygote, circumstances_, socket_.get());
    if (!confined) failed(confined.error().what);
    loaded->ready.missing = confined->missing;
    // Where workers make their own folders if they get no root of their own; in our own empty root nobody
    // sees it.
    auto folders =
        ScratchFolders::create(confined->scratch.empty() ? circumstances_.temporary : confined->scratch);
    if (!folders) failed(folders.error().what);
    folders_ = std::move(*folders);
    circumstances_.temporary = folders_.path();
    for (std::string& sentence : missing_in_worker()) {
      if (options_.confinement_required)
        failed("a scanner can't be confined (" + sentence +
               "); set [engine] confinement = \"best\" to go on without it");
      auto& missing = loaded->ready.missing;
      if (std::ranges::find(missing, sentence) == missing.end()) missing.push_back(std::move(sentence));
    }
    send(FrameKind::engine_ready, 0, 0, encode_ready(loaded->ready));
    serve();
  }

 private:
  [[noreturn]] void failed(const std::string& sentence) {
    send(FrameKind::engine_failed, 0, 0, std::string_view(sentence).substr(0, 4096));
    end(1);
  }

  void send(FrameKind kind, std::uint32_t number, int value, std::string_view text,
            const std::vector<int>& descriptors = {}) {
    FrameHeader header;
    header.kind = kind;
    header.number = number;
    header.value = value;
    if (!send_packet(socket_.get(), encode_frame(header, text), descriptors, 0))
      end(0);  // the daemon is gone
  }

  // A child goes through a worker's confinement and tells what it could not have.
  std::vector<std::string> missing_in_worker() {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return {"can't make a pipe"};
    FileDescriptor from(pipe_ends[0]);
    FileDescriptor to(pipe_ends[1]);
    const pid_t child = fork();
    if (child == 0) {
      const auto confined = confine(Process::worker, circumstances_, to.get());
      std::string text;
      if (confined)
        for (const std::string& sentence : confined->missing) text += sentence + "\n";
      else
        text = confined.error().what + "\n";
      text += ".";
      const ssize_t written = write(to.get(), text.data(), text.size());
      _exit(written < 0 ? 1 : 0);
    }
    to.close();
    std::string text;
    char piece[4096];
    ssize_t got;
    while ((got = read(from.get(), piece, sizeof piece)) > 0)
      text.append(piece, static_cast<std::size_t>(got));
    if (child > 0) waitpid(child, nullptr, 0);
    folders_.remove(0);
    if (!text.ends_with('.')) return {"a scanner died while it was confined"};
    std::vector<std::string> sentences;
    for (std::size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1)
      sentences.push_back(text.substr(start, end - start));
    return sentences;
  }

  [[noreturn]] void serve() {
    // SIGCHLD comes in only while we wait, so that no death is missed between the look and the wait.
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGCHLD, &action, nullptr);
    sigset_t blocked;
    sigset_t waiting;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &waiting);
    sigdelset(&waiting, SIGCHLD);
    for (;;) {
      reap();
      pollfd poll_for{socket_.get(), POLLIN, 0};
      if (ppoll(&poll_for, 1, nullptr, &waiting) < 0) continue;
      auto packet = receive_packet(socket_.get(), largest_frame, 1, MSG_DONTWAIT);
      if (!packet || packet->end) break;
      if (packet->would_block) continue;
      if (const auto frame = decode_frame(packet->bytes)) obey(*frame, packet->descriptors);
    }
    end(0);
  }

  // All workers die with us, and their folders go. Never frees the engine.
  [[noreturn]] void end(int status) {
    for (const auto& [pid, number] : workers_) kill(pid, SIGKILL);
    for (const auto& [pid, number] : workers_) waitpid(pid, nullptr, 0);
    folders_.remove_all();
    _exit(status);
  }

  void obey(const Frame& frame, const std::vector<FileDescriptor>& descriptors) {
    if (frame.header.kind == FrameKind::share_verdicts && descriptors.size() == 1) share(descriptors[0]);
    if (frame.header.kind == FrameKind::fork_worker) fork_worker(frame.header.number);
    if (frame.header.kind == FrameKind::kill_worker)
      for (const auto& [pid, number] : workers_)
        if (number == frame.header.number) kill(pid, SIGKILL);
  }

  // Workers inherit the mapping. Without it they scan everything, which is slow, not wrong.
  void share(const FileDescriptor& table) {
    auto view = VerdictTableView::open(table);
    if (!view || verdicts_ != nullptr) return;
    verdicts_ = view->release();
    scanner_->use_known_layers(verdicts_);
  }

  void fork_worker(std::uint32_t number) {
    auto ends = packet_socket_pair();
    if (!ends || workers_.size() >= mapped_ids - 1) return send(FrameKind::worker_ended, number, 0, {});
    circumstances_.slot = number;
    const pid_t child = fork();
    if (child < 0) return send(FrameKind::worker_ended, number, 0, {});
    if (child == 0) {
      struct sigaction standard{};
      standard.sa_handler = SIG_DFL;
      sigaction(SIGCHLD, &standard, nullptr);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      dup2(0, 2);  // what a hostile worker writes must not stand in our log
      run_worker(std::move(ends->second), *scanner_, circumstances_);
    }
    workers_.emplace(child, number);
    send(FrameKind::worker_started, number, 0, {}, {ends->first.get()});
  }

  void reap() {
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      const auto found = workers_.find(pid);
      if (found == workers_.end()) continue;
      const std::uint32_t number = found->second;
      workers_.erase(found);
      folders_.remove(number);
      send(FrameKind::worker_ended, number, status, {});
    }
  }

  FileDescriptor socket_;
  ZygoteOptions options_;
  Circumstances circumstances_;
  ScratchFolders folders_;
  Scanner* scanner_ = nullptr;                  // never freed, see EngineScanner
  const VerdictTableView* verdicts_ = nullptr;  // likewise
  std::map<pid_t, std::uint32_t> workers_;
};

}  // namespace

Result<Loaded> load_engine(const SignatureOptions& signatures, const EngineOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  RASTEL_TRY(auto engine, detect::Engine::load(signatures, options));
  engine->prewarm();
  RASTEL_CHECK(engine->prove());
  // A gigabyte of signatures in small pages makes every fork of a scanner twice as slow.
  if (const auto memory = own_memory(); memory && memory->pss > worth_huge_pages) (void)os::use_huge_pages();
  const detect::EngineInfo& info = engine->info();
  Loaded loaded;
  loaded.ready.engine_version = info.engine_version;
  loaded.ready.signature_version = info.signature_version;
  loaded.ready.signature_count = info.signature_count;
  loaded.ready.signature_time = info.signature_time;
  loaded.ready.builtin_only = info.builtin_only;
  loaded.ready.yara_rules = info.yara_rules;
  loaded.ready.signature_digest = info.signature_digest;
  if (const auto memory = own_memory()) loaded.ready.memory = memory->pss;
  loaded.ready.load_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun)
          .count());
  loaded.scanner = std::make_unique<EngineScanner>(std::move(engine));
  return loaded;
}

void run_zygote(FileDescriptor socket, const ZygoteOptions& options, const Load& load) {
  Zygote(std::move(socket), options).run(load);
}

}  // namespace rastel::sandbox
