// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.hpp"
#include "sandbox/confinement.hpp"
#include "sandbox/confinement_parts.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#define RASTEL_NAMESPACES 1
#endif

namespace rastel::sandbox {
namespace {

// Opened by the master: the child's user may not be able to walk the path to the program, and need not.
Result<FileDescriptor> image_of(const Program& program) {
  FileDescriptor image(open(program.path.c_str(), O_PATH | O_CLOEXEC));
  if (!image) return fail_errno(errno, "can't open " + program.path);
  return image;
}

// The child is told by its own master alone: it starts with every signal as new, in a session of its own. A
// Ctrl-C at the terminal would otherwise kill workers in mid-scan.
void forget_signals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD, SIGPIPE}) std::signal(number, SIG_DFL);
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In the child: never returns.
[[noreturn]] void become_program(const Program& program, int image, const std::vector<std::string>& more) {
  // First out of the way, then into place: a target number may be a source still to come.
  std::vector<int> high;
  for (const int descriptor : program.descriptors) high.push_back(fcntl(descriptor, F_DUPFD_CLOEXEC, 100));
  const int high_image = fcntl(image, F_DUPFD_CLOEXEC, 100);
  int target = 3;
  for (const int descriptor : high) dup2(descriptor, target++);
  dup3(high_image, target, O_CLOEXEC);
  close_from(target + 1);
  forget_signals();
  for (const auto& [name, value] : program.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments{const_cast<char*>(program.path.c_str())};
  for (const std::string& argument : program.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  for (const std::string& argument : more) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  fexecve(target, arguments.data(), environ);
  std::fprintf(stderr, "rasteld: can't start %s: %s\n", program.path.c_str(), std::strerror(errno));
  _exit(127);
}

}  // namespace

namespace {

// Every session needs two sockets and perhaps a spool file; the usual soft limit is 1024.
void allow_many_descriptors() {
  constexpr rlim_t enough = 65536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, enough));
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<Child> start_daemon(const Program& program, const Account& account) {
  RASTEL_TRY(const FileDescriptor image, image_of(program));
  const pid_t pid = fork();
  if (pid < 0) return fail_errno(errno, "can't start another process");
  if (pid > 0) return Child{pid};
  if (account.change) {
    if (setgroups(account.groups.size(), account.groups.data()) != 0 ||
        setresgid(account.group, account.group, account.group) != 0 ||
        setresuid(account.user, account.user, account.user) != 0) {
      std::fprintf(stderr, "rasteld: can't become the daemon's user: %s\n", std::strerror(errno));
      _exit(126);
    }
  }
#ifdef RASTEL_NAMESPACES
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // Those that an ordinary user may have been given (systemd's AmbientCapabilities, to listen on port 25).
  if (const std::string problem = drop_capabilities(); !problem.empty()) {
    std::fprintf(stderr, "rasteld: can't give up the daemon's capabilities: %s\n", problem.c_str());
    _exit(126);
  }
#endif
  allow_many_descriptors();
  become_program(program, image.get(), {});
}

#ifdef RASTEL_NAMESPACES
namespace {

bool write_file(const std::string& path, const std::string& text) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string of_process(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

bool map_range(pid_t pid, std::uint32_t slot) {
  const std::string map = "0 " + std::to_string(first_worker_id + (1 + slot) * mapped_ids) + " " +
                          std::to_string(mapped_ids) + "\n";
  return write_file(of_process(pid, "gid_map"), map) && write_file(of_process(pid, "uid_map"), map);
}

bool map_self(pid_t pid) {
  return write_file(of_process(pid, "setgroups"), "deny") &&
         write_file(of_process(pid, "gid_map"), "0 " + std::to_string(getegid()) + " 1\n") &&
         write_file(of_process(pid, "uid_map"), "0 " + std::to_string(geteuid()) + " 1\n");
}

// Like fork(), in new namespaces. The child runs on this process's stack copy, as after fork().
pid_t fork_into(unsigned long flags) {
  return static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

Result<Child> start_in_user_namespace(const Program& program, int image, std::uint32_t slot) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "can't make a pipe");
  FileDescriptor from(ends[0]);
  FileDescriptor to(ends[1]);
  const pid_t pid = fork_into(CLONE_NEWUSER | CLONE_NEWPID);
  if (pid < 0) return fail_errno(errno, "can't make a user namespace");
  const bool as_root = geteuid() == 0 && pid > 0;
  if (pid == 0) {
    to.close();
    // Without its maps this process is nobody: wait for them.
    char mapped = 0;
    if (read(from.get(), &mapped, 1) != 1 || setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0) _exit(125);
    become_program(program, image, {mapped == 'r' ? "--userns=mapped" : "--userns=single"});
  }
  from.close();
  const char kind = as_root ? 'r' : 's';
  if ((as_root ? map_range(pid, slot) : map_self(pid)) && write(to.get(), &kind, 1) == 1) return Child{pid};
  const int problem = errno;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return fail_errno(problem, "can't map user ids");
}

}  // namespace

Result<Child> start_engine_program(const Program& program, std::uint32_t slot) {
  RASTEL_TRY(const FileDescriptor image, image_of(program));
  auto child = start_in_user_namespace(program, image.get(), slot);
  if (child) return child;
  // Inside a chroot, or where an administrator forbids it, there are none: a root's engine then goes on as
  // root in a process namespace and gives up everything in its workers; an ordinary user's has what remains.
  pid_t pid = geteuid() == 0 ? fork_into(CLONE_NEWPID) : -1;
  if (pid < 0) pid = fork();
  if (pid < 0) return fail_errno(errno, "can't start another process");
  // No PR_SET_PDEATHSIG: a daemon that has lost its master still needs the engine for what it is about to
  // end, and an engine that has lost its daemon ends by itself.
  if (pid == 0) become_program(program, image.get(), {"--userns=none"});
  return Child{pid};
}
#else
Result<Child> start_engine_program(const Program& program, std::uint32_t) {
  RASTEL_TRY(const FileDescriptor image, image_of(program));
  const pid_t pid = fork();
  if (pid < 0) return fail_errno(errno, "can't start another process");
  if (pid == 0) become_program(program, image.get(), {"--userns=none"});
  return Child{pid};
}
#endif

Result<> run_and_wait(const std::vector<std::string>& program, Duration at_most) {
  const Deadline deadline = Deadline::in(at_most);
  const pid_t child = fork();
  if (child < 0) return fail_errno(errno, "can't start " + program.front());
  if (child == 0) {
    close_from(3);
    forget_signals();
    std::vector<char*> arguments;
    for (const std::string& argument : program) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execv(arguments.front(), arguments.data());
    _exit(127);
  }
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(child, &status, WNOHANG)) == 0 && !deadline.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (ended == 0) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return fail(ErrorKind::timed_out, program.front() + " doesn't come to an end");
  }
  if (ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return fail(ErrorKind::ours, program.front() + " can't be started");
  return fail(ErrorKind::ours, program.front() + " fails");
}

}  // namespace rastel::sandbox
