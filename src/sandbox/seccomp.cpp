// SPDX-License-Identifier: GPL-2.0-only
// Which system calls a process may make. The worker's list is what 264 different scans needed and no more; to
// start a program, make a socket or trace another process is death, everything else an error that libclamav
// survives.
#include "sandbox/confinement_parts.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <cerrno>
#include <cstring>
#include <memory>

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace rastel::sandbox {
namespace {

using Filter = std::unique_ptr<void, decltype([](void* filter) { seccomp_release(filter); })>;

constexpr const char* worker_calls[] = {
    "read",       "write",        "readv",          "writev",       "pread64",       "pwrite64",
    "open",       "openat",       "close",          "fstat",        "stat",          "lstat",
    "newfstatat", "statx",        "lseek",          "munmap",       "mremap",        "brk",
    "madvise",    "futex",        "getdents64",     "unlink",       "unlinkat",      "mkdir",
    "mkdirat",    "rmdir",        "rename",         "renameat",     "renameat2",     "ftruncate",
    "access",     "faccessat",    "faccessat2",     "getrandom",    "clock_gettime", "gettimeofday",
    "time",       "getpid",       "gettid",         "getuid",       "geteuid",       "getgid",
    "getegid",    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",   "exit",
    "exit_group", "recvmsg",      "sendmsg",        "poll",         "ppoll",         "fcntl",
    "dup",        "statfs",       "fstatfs",        "umask",        "sched_yield",   "restart_syscall",
    "getrusage",  "times",        "sysinfo",        "uname",        "getcwd",        "chmod",
    "fchmod"};
constexpr const char* deadly_to_worker[] = {
    "execve",  "execveat", "fork",   "vfork",  "clone",   "clone3", "socket",           "socketpair",
    "connect", "bind",     "listen", "accept", "accept4", "ptrace", "process_vm_readv", "process_vm_writev"};
constexpr const char* deadly_to_zygote[] = {"execve",
                                            "execveat",
                                            "socket",
                                            "connect",
                                            "bind",
                                            "listen",
                                            "accept",
                                            "accept4",
                                            "ptrace",
                                            "process_vm_readv",
                                            "process_vm_writev",
                                            "bpf",
                                            "io_uring_setup",
                                            "perf_event_open",
                                            "kexec_load",
                                            "init_module",
                                            "finit_module",
                                            "open_by_handle_at"};

constexpr const char* page_calls[] = {"read",
                                      "write",
                                      "readv",
                                      "writev",
                                      "close",
                                      "recvmsg",
                                      "sendmsg",
                                      "recvfrom",
                                      "sendto",
                                      "shutdown",
                                      "connect",
                                      "accept4",
                                      "accept",
                                      "getsockopt",
                                      "setsockopt",
                                      "getpeername",
                                      "getsockname",
                                      "ioctl",
                                      "fcntl",
                                      "poll",
                                      "ppoll",
                                      "epoll_create1",
                                      "epoll_ctl",
                                      "epoll_wait",
                                      "epoll_pwait",
                                      "eventfd2",
                                      "timerfd_create",
                                      "timerfd_settime",
                                      "pipe2",
                                      "futex",
                                      "munmap",
                                      "mremap",
                                      "brk",
                                      "madvise",
                                      "getrandom",
                                      "clock_gettime",
                                      "gettimeofday",
                                      "time",
                                      "clock_nanosleep",
                                      "nanosleep",
                                      "getpid",
                                      "gettid",
                                      "getppid",
                                      "getuid",
                                      "geteuid",
                                      "rt_sigaction",
                                      "rt_sigprocmask",
                                      "rt_sigreturn",
                                      "sigaltstack",
                                      "exit",
                                      "exit_group",
                                      "tgkill",
                                      "sched_yield",
                                      "restart_syscall",
                                      "set_robust_list",
                                      "rseq",
                                      "fstat",
                                      "newfstatat",
                                      "lseek",
                                      "uname",
                                      "sched_getaffinity"};
constexpr const char* deadly_to_page[] = {
    "execve",           "execveat",         "fork", "vfork", "socketpair", "bind", "listen", "ptrace", "bpf",
    "process_vm_readv", "process_vm_writev"};

// A call that this architecture doesn't have is no loss.
bool add(void* filter, std::uint32_t action, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return true;
  const int result = seccomp_rule_add(filter, action, number, 0);
  return result == 0 || result == -EDOM;
}

bool add_without_execute(void* filter, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  const scmp_arg_cmp not_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &not_executable) == 0;
}

// A thread, never a process; a socket of this machine, never of a network.
bool add_page_calls(void* filter) {
  bool good = true;
  for (const char* name : page_calls) good = add(filter, SCMP_ACT_ALLOW, name) && good;
  for (const char* name : deadly_to_page) good = add(filter, SCMP_ACT_KILL_PROCESS, name) && good;
  good = add_without_execute(filter, "mmap") && add_without_execute(filter, "mprotect") && good;
  const scmp_arg_cmp thread{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD};
  const scmp_arg_cmp local{0, SCMP_CMP_EQ, AF_UNIX, 0};
  good = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread) == 0 && good;
  good = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &local) == 0 && good;
  // Its flags lie in memory, where a filter can't look: glibc then takes clone.
  const int newer = seccomp_syscall_resolve_name("clone3");
  return (newer == __NR_SCMP_ERROR || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), newer, 0) == 0) &&
         good;
}

}  // namespace

std::string allow_few_calls(Process process) {
  const bool worker = process == Process::worker;
  const bool page = process == Process::page;
#ifdef RASTEL_SANITIZED
  // The sanitizers' own threads, mappings and reports need calls of their own; they are tested without this
  // layer.
  if (worker || page) return {};
#endif
  const Filter filter(seccomp_init(worker || page ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW));
  if (!filter) return "seccomp_init failed";
  // Another architecture's calls (the 32-bit ones) would pass by the numbers below.
  bool good = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
  if (page) {
    good = add_page_calls(filter.get()) && good;
  } else if (worker) {
    for (const char* name : worker_calls) good = add(filter.get(), SCMP_ACT_ALLOW, name) && good;
    good = add_without_execute(filter.get(), "mmap") && add_without_execute(filter.get(), "mprotect") && good;
    for (const char* name : deadly_to_worker) good = add(filter.get(), SCMP_ACT_KILL_PROCESS, name) && good;
  } else {
    for (const char* name : deadly_to_zygote) good = add(filter.get(), SCMP_ACT_KILL_PROCESS, name) && good;
  }
  if (!good) return "a seccomp rule was refused";
  const int result = seccomp_load(filter.get());
  return result == 0 ? std::string() : std::string("seccomp: ") + std::strerror(-result);
}

}  // namespace rastel::sandbox

#else
namespace rastel::sandbox {
std::string allow_few_calls(Process) { return "only on Linux"; }
}  // namespace rastel::sandbox
#endif
