// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/master_programs_for_test.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os/file.hpp"
#include "sandbox/channel.hpp"
#include "sandbox/master_link.hpp"
#include "sandbox/seqpacket.hpp"

namespace rastel::sandbox {
namespace {

namespace asio = boost::asio;

// Not a plain global: what runs before main() may run before those are made.
std::string& folder() {
  static std::string path;
  return path;
}

// Whole or not there: the test looks for the file while it is written.
void tell(const std::string& name, const std::string& text) {
  const std::string path = folder() + "/" + name;
  std::ofstream(path + ".part") << text;
  std::rename((path + ".part").c_str(), path.c_str());
}

std::string descriptors() {
  std::set<int> open;
  DIR* listing = opendir("/proc/self/fd");
  if (listing == nullptr) return "?";
  while (const dirent* entry = readdir(listing))
    if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != dirfd(listing))
      open.insert(std::atoi(entry->d_name));
  closedir(listing);
  std::string text;
  for (const int number : open) text += std::to_string(number) + " ";
  return text;
}

std::string of_status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":")) return line;
  return name + ": ?";
}

[[noreturn]] void be_engine(int count, char** arguments) {
  std::string text = "fds " + descriptors() + "\n";
  for (int i = 1; i < count; ++i) text += std::string("argument ") + arguments[i] + "\n";
  std::string piece(4096, '\0');
  const ssize_t got = pread(4, piece.data(), piece.size(), 0);
  text += "pid " + std::to_string(getpid()) + "\ntext " +
          piece.substr(0, got > 0 ? static_cast<std::size_t>(got) : 0) + "\n";
  // Held as long as the engine or a worker of it lives.
  const int lock = open((folder() + "/engine.lock").c_str(), O_RDWR | O_CREAT, 0666);
  text += flock(lock, LOCK_EX | LOCK_NB) == 0 ? "lock held\n" : "lock not had\n";
  const pid_t engine = getpid();
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != engine) _exit(0);  // killed already
    for (;;) pause();
  }
  (void)send_packet(3, text, {}, 0);
  for (;;) {
    const auto packet = receive_packet(3, 16, 0, 0);
    if (!packet || packet->end) _exit(0);
  }
}

class DaemonForTest {
 public:
  DaemonForTest()
      : link_(MasterLink::create(context_.get_executor(), FileDescriptor(3))),
        signals_(context_, SIGTERM, SIGHUP) {}

  [[noreturn]] void run() {
    seen_ = "fds " + descriptors() + "\nuid " + std::to_string(geteuid()) + "\n" + of_status("CapEff") +
            "\n" + of_status("NoNewPrivs") + "\n" + of_status("Groups") + "\nsid " +
            (getsid(0) == getpid() ? "own" : "foreign") + "\n";
    asio::co_spawn(context_, live(), asio::detached);
    asio::co_spawn(context_, watch_master(), asio::detached);
    asio::co_spawn(context_, watch_signals(), asio::detached);
    context_.run();
    _exit(9);
  }

 private:
  static std::string describe(const Result<Handover>& handover) {
    if (!handover) return "error " + handover.error().what;
    std::string text = "source " + handover->source + "\ntext " + handover->configuration + "\n";
    for (const auto& [path, bytes] : handover->files) text += "file " + path + " = " + bytes + "\n";
    for (const Listener& listener : handover->listeners) {
      struct stat status{};
      int listening = 0;
      socklen_t length = sizeof listening;
      fstat(listener.socket.get(), &status);
      getsockopt(listener.socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
      text += "listener " + listener.name + " inode " + std::to_string(status.st_ino) +
              (listening != 0 ? " listening\n" : " deaf\n");
    }
    return text;
  }

  asio::awaitable<void> live() {
    auto handover = co_await link_->configuration();
    const std::string number = std::to_string(getpid());
    tell("daemon." + number, seen_ + describe(handover));
    if (!handover) _exit(8);
    const std::string text = handover->configuration;
    if (text.find("die") != std::string::npos) _exit(3);
    if (text.find("leave") != std::string::npos) _exit(0);
    if (text.find("garbage") != std::string::npos) (void)send_packet(3, "garbage", {}, 0);
    if (text.find("engine") == std::string::npos && text.find("kill") == std::string::npos) co_return;
    auto engine = co_await link_->start_engine();
    if (!engine) {
      tell("engine", "error " + engine.error().what);
      co_return;
    }
    Channel channel(context_.get_executor(), std::move(engine->socket));
    auto packet = co_await channel.receive(65536, 0, Deadline::never());
    tell("engine", packet ? "number " + std::to_string(engine->number) + "\n" + packet->bytes
                          : "error " + packet.error().what);
    if (text.find("kill") != std::string::npos) link_->kill_engine(engine->number);
    packet = co_await channel.receive(65536, 0, Deadline::never());
    tell("engine-ended", packet ? "said something" : "end");
  }

  asio::awaitable<void> watch_master() {
    co_await link_->master_gone();
    tell("master-gone", "");
    _exit(0);
  }

  asio::awaitable<void> watch_signals() {
    for (int reloads = 1;;) {
      const auto [error, number] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      if (number == SIGTERM) {
        tell("told-to-end", "");
        _exit(0);
      }
      const auto handover = co_await link_->reload_configuration();
      tell("reload." + std::to_string(reloads++), describe(handover));
    }
  }

  asio::io_context context_;
  std::unique_ptr<MasterLink> link_;
  asio::signal_set signals_;
  std::string seen_;
};

// Before main(): the program is not the test then.
__attribute__((constructor)) void be_what_the_master_wants(int count, char** arguments, char**) {
  const char* path = std::getenv(folder_for_test);
  if (path == nullptr || count < 1) return;
  folder() = path;
  const bool is_engine = count > 1 && std::string_view(arguments[count - 1]).starts_with("--userns=");
  if (is_engine) be_engine(count, arguments);
  DaemonForTest().run();
}

}  // namespace
}  // namespace rastel::sandbox
