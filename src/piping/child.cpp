// SPDX-License-Identifier: GPL-2.0-only
#include "piping/child.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace rastel::piping {
namespace {

using How = pipe::Result::How;

// What exec leaves as it is would reach the child from guard(): what is ignored stays so. The rest of it goes
// by its own.
class Attributes {
 public:
  explicit Attributes(const ChildFiles& files) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t usual;
    sigemptyset(&usual);
    for (const int number : {SIGPIPE, SIGXFSZ}) sigaddset(&usual, number);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions_, files.input, STDIN_FILENO);
    if (files.envelope >= 0) posix_spawn_file_actions_adddup2(&actions_, files.envelope, STDOUT_FILENO);
  }
  ~Attributes() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  int spawn(pid_t& child, const std::string& path, char* const* words) {
    return posix_spawn(&child, path.c_str(), &actions_, &attributes_, words, environ);
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

// Nobody else's: it is waited for here alone, so its number can't be another process's.
class EndingChild {
 public:
  // False: it can't be ended, as it has become another user's, and may deliver yet; it comes twice then.
  bool goes_on(pid_t child) {
    const auto now = Clock::now();
    if (!began_) {
      began_ = now;
      (void)kill(child, SIGTERM);
    }
    if (now - *began_ >= patience) (void)kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return now - *began_ < patience + std::chrono::seconds(1);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds patience{5};
  std::optional<Clock::time_point> began_;
};

}  // namespace

pipe::Result run_child(const std::string& path, const std::vector<std::string>& words,
                       const ChildFiles& files) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  Attributes attributes(files);
  pid_t child = 0;
  set_child(1);  // before it is there: whoever tells us to end must not find it alone
  if (const int problem = attributes.spawn(child, path, pointers.data()); problem != 0) {
    set_child(0);
    return {How::not_started, static_cast<std::uint32_t>(problem)};
  }
  int status = 0;
  EndingChild ending;
  for (;;) {
    const bool is_to_end = time_is_up() || told_to_end();
    const pid_t ended = waitpid(child, &status, is_to_end ? WNOHANG : 0);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) return {How::killed, SIGKILL};
    if (is_to_end && !ending.goes_on(child)) return {How::killed, SIGKILL};
  }
  if (WIFEXITED(status)) return {How::exited, static_cast<std::uint32_t>(WEXITSTATUS(status))};
  return {How::killed, static_cast<std::uint32_t>(WTERMSIG(status))};
}

}  // namespace rastel::piping
