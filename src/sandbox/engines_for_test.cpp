// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/engines_for_test.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <boost/asio/awaitable.hpp>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/identifier.hpp"
#include "sandbox/seqpacket.hpp"

namespace rastel::sandbox {
namespace {

constexpr uid_t somebody = 65534;  // Debian's nobody
constexpr std::uint32_t range_for_test =
    first_worker_id + 512 * mapped_ids;  // beyond what the master hands out

bool write_file(const std::string& path, const std::string& text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool map_range(pid_t pid) {
  const std::string map = "0 " + std::to_string(range_for_test) + " " + std::to_string(mapped_ids) + "\n";
  const std::string process = "/proc/" + std::to_string(pid);
  return write_file(process + "/gid_map", map) && write_file(process + "/uid_map", map);
}

bool become_somebody() {
  if (geteuid() != 0) return true;
  const bool done = setgroups(0, nullptr) == 0 && setresgid(somebody, somebody, somebody) == 0 &&
                    setresuid(somebody, somebody, somebody) == 0;
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // else /proc/self belongs to root
  return done;
}

// In a child: 0, or it can't be had.
bool enter(Start start, const std::filesystem::path& temporary, int mapped) {
  const uid_t user = geteuid() == 0 ? somebody : geteuid();
  const gid_t group = geteuid() == 0 ? somebody : getegid();
  char byte = 0;
  switch (start) {
    case Start::mapped:
      return read(mapped, &byte, 1) == 1 && byte == 'm' && setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
    case Start::plain_root:
      return true;
    case Start::chrooted: {
      const std::string folder = temporary / "tmp";
      mkdir(folder.c_str(), 0700);
      setenv("TMPDIR", "/tmp", 1);
      return chroot(temporary.c_str()) == 0 && chdir("/") == 0;
    }
    case Start::single:
      return become_somebody() && unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
             write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1\n") &&
             write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1\n");
    case Start::plain_user:
      return become_somebody();
  }
  return false;
}

UserNamespace user_namespace_of(Start start) {
  if (start == Start::mapped) return UserNamespace::mapped;
  return start == Start::single ? UserNamespace::single : UserNamespace::none;
}

}  // namespace

std::string_view to_string(Start start) {
  switch (start) {
    case Start::mapped:
      return "mapped";
    case Start::plain_root:
      return "plain_root";
    case Start::chrooted:
      return "chrooted";
    case Start::single:
      return "single";
    case Start::plain_user:
      return "plain_user";
  }
  return "?";
}

bool is_complete(Start start) { return start != Start::plain_user; }

std::vector<Start> possible_starts() {
  static const std::vector<Start> possible = [] {
    std::vector<Start> found;
    const TemporaryFolderForTest folder;
    for (const Start start :
         {Start::mapped, Start::plain_root, Start::chrooted, Start::single, Start::plain_user}) {
      const bool as_root = start == Start::mapped || start == Start::plain_root || start == Start::chrooted;
      if (as_root && geteuid() != 0) continue;
#if !defined(__linux__) || defined(RASTEL_PORTABLE)
      if (is_complete(start)) continue;  // no confinement here
#endif
      // Root in a container may lack what makes namespaces: then those starts are no test of ours.
      const pid_t child = fork_for_test(start, folder.path(), [&](UserNamespace) {
        return is_complete(start) && unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 ? 1 : 0;
      });
      int status = -1;
      if (child > 0) waitpid(child, &status, 0);
      if (status == 0) found.push_back(start);
      rmdir((folder.path() / "tmp").c_str());
    }
    return found;
  }();
  return possible;
}

Start best_start() { return possible_starts().empty() ? Start::plain_user : possible_starts().front(); }

TemporaryFolderForTest::TemporaryFolderForTest() {
  const char* parent = std::getenv("TMPDIR");
  before_ = parent == nullptr ? "" : parent;
  path_ = std::filesystem::path(before_.empty() ? "/tmp" : before_) / ("rastel-test-" + new_message_id());
  mkdir(path_.c_str(), 0700);
  chmod(path_.c_str(), 01777);
  setenv("TMPDIR", path_.c_str(), 1);
}

TemporaryFolderForTest::~TemporaryFolderForTest() {
  if (before_.empty())
    unsetenv("TMPDIR");
  else
    setenv("TMPDIR", before_.c_str(), 1);
  rmdir((path_ / "tmp").c_str());  // of a chroot
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    ADD_FAILURE() << "left behind: " << entry.path();
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

pid_t fork_for_test(Start start, const std::filesystem::path& temporary,
                    const std::function<int(UserNamespace)>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  FileDescriptor from(ends[0]);
  FileDescriptor to(ends[1]);
  const pid_t pid = start == Start::mapped ? static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD,
                                                                        nullptr, nullptr, nullptr, nullptr))
                                           : fork();
  if (pid == 0) {
    to.close();
    if (!enter(start, temporary, from.get())) _exit(125);
    _exit(body(user_namespace_of(start)));
  }
  if (pid > 0 && start == Start::mapped) {
    const char answer = map_range(pid) ? 'm' : 'x';
    if (write(to.get(), &answer, 1) != 1) return -1;
  }
  return pid;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text;
    std::getline(file, text);
    const std::size_t after = text.rfind(')');
    if (after == std::string::npos) continue;
    if (std::atoi(text.c_str() + after + 4) == parent) children.push_back(std::atoi(name.c_str()));
  }
  return children;
}

MasterForTest::MasterForTest(Start start, ZygoteOptions options, std::filesystem::path temporary,
                             std::function<Result<Loaded>(std::uint32_t)> load)
    : start_(start), options_(options), temporary_(std::move(temporary)), load_(std::move(load)) {}

MasterForTest::~MasterForTest() {
  while (!pids_.empty()) kill_engine(pids_.begin()->first);
}

boost::asio::awaitable<Result<Handover>> MasterForTest::configuration() { co_return Handover{}; }
boost::asio::awaitable<Result<Handover>> MasterForTest::reload_configuration() { co_return Handover{}; }
boost::asio::awaitable<Result<std::vector<ProcessMemory>>> MasterForTest::memory() {
  co_return std::vector<ProcessMemory>();
}
boost::asio::awaitable<void> MasterForTest::master_gone() { co_return; }

boost::asio::awaitable<Result<EngineProcess>> MasterForTest::start_engine() {
  RASTEL_CO_TRY(auto ends, packet_socket_pair());
  const std::uint32_t number = ++started_;
  const pid_t pid = fork_for_test(start_, temporary_, [&](UserNamespace user_namespace) -> int {
    ends.first.close();
    ZygoteOptions options = options_;
    options.user_namespace = user_namespace;
    run_zygote(std::move(ends.second), options, [&] { return load_(number); });
  });
  if (pid < 0) co_return fail(ErrorKind::ours, "can't fork");
  pids_[number] = pid;
  co_return EngineProcess{number, std::move(ends.first)};
}

// The other end of its socket is closed already when the pool is done with it; a moment to tidy up, as the
// master gives.
void MasterForTest::kill_engine(std::uint32_t number) {
  const auto found = pids_.find(number);
  if (found == pids_.end()) return;
  kill(found->second, SIGKILL);
  waitpid(found->second, nullptr, 0);
  pids_.erase(found);
}

pid_t MasterForTest::pid(std::uint32_t number) const {
  const auto found = pids_.find(number);
  return found == pids_.end() ? -1 : found->second;
}

}  // namespace rastel::sandbox
