// SPDX-License-Identifier: GPL-2.0-only
// What an attacker in a worker would try: each attempt gets somewhere in an ordinary process and nowhere in a
// confined one, with the named error or death. Run in all circumstances in which the master may have to start
// an engine.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/engines_for_test.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE) && !defined(RASTEL_SANITIZED)
namespace rastel::sandbox {
namespace {

// 0: it worked; else errno.
int outcome(long result) { return result >= 0 ? 0 : errno; }

int open_passwd() { return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }
int open_proc() { return outcome(open("/proc/self/status", O_RDONLY | O_CLOEXEC)); }
int list_root() {
  const int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  struct stat status{};
  return fstatat(folder, "etc", &status, 0) == 0 ? 0 : errno;
}
int climb_out() { return outcome(open("../../../../../../../../etc/passwd", O_RDONLY | O_CLOEXEC)); }
int write_elsewhere() {
  return outcome(open("/tmp/rastel-probe", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600)) == 0
             ? 0
             : outcome(open("/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600));
}
int connect_inet() {
  const int socket_number = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_number < 0) return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int result = outcome(connect(socket_number, reinterpret_cast<sockaddr*>(&address), sizeof address));
  return result == EINPROGRESS || result == ECONNREFUSED || result == ENETUNREACH
             ? 0
             : result;  // the network was asked
}
int abstract_socket() {
  const int socket_number = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_number < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0rastel-probe", 13);
  const int result =
      outcome(connect(socket_number, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t) + 13));
  return result == ECONNREFUSED ? 0 : result;  // looked for, not there
}
int socket_pair() {
  int ends[2];
  return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}
int fork_child() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, nullptr, 0);
  return outcome(child);
}
int clone_thread() {
  const long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) _exit(0);
  if (child > 0) waitpid(static_cast<pid_t>(child), nullptr, 0);
  return outcome(child);
}
int execute() {
  char* const arguments[] = {const_cast<char*>("/nonexistent"), nullptr};
  execve("/nonexistent", arguments, nullptr);
  return errno == ENOENT ? 0 : errno;  // the kernel has looked for it
}
int trace() { return outcome(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }
int read_parent() {
  char byte;
  iovec here{&byte, 1};
  iovec there{&byte, 1};
  return outcome(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}
int signal_parent() { return outcome(kill(getppid(), 0)); }
int signal_all() { return outcome(kill(-1, 0)); }
int io_ring() {
  char parameters[120]{};
  return outcome(syscall(SYS_io_uring_setup, 4, parameters));
}
int map_executable() {
  return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                 MAP_FAILED
             ? errno
             : 0;
}
int make_executable() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno : outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}
int make_executable_with_key() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? errno
                            : outcome(syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1));
}
int open_handle() {
  struct {
    unsigned bytes = 8;
    int type = 1;
    unsigned char handle[8]{};
  } handle;
  const int result = outcome(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
  return result == ESTALE || result == EINVAL || result == EOPNOTSUPP ? 0
                                                                      : result;  // who may: "no such file"
}
int new_user_namespace() { return outcome(unshare(CLONE_NEWUSER)); }
int enter_namespace() {
  const int result = outcome(setns(1, 0));
  return result == EINVAL || result == EBADF ? 0 : result;  // no namespace, but asked
}
int add_key() { return outcome(syscall(SYS_add_key, "user", "rastel-probe", "x", 1, -2)); }
int ask_keys() { return outcome(syscall(SYS_keyctl, 0 /* GET_KEYRING_ID */, -2, 1)); }
int load_bpf() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}
int measure() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.exclude_kernel = 1;
  return outcome(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}
int mount_something() { return outcome(mount("rastel-probe", ".", "tmpfs", 0, nullptr)); }
int change_root() { return outcome(chroot("/")); }
int become_root() { return outcome(setuid(0)); }
int become_other() { return outcome(setuid(12345)); }
int memory_file() { return outcome(syscall(SYS_memfd_create, "x", 0)); }
int page_faults() { return outcome(syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* user mode only */)); }
int process_descriptor() { return outcome(syscall(SYS_pidfd_open, getppid(), 0)); }
int control_process() { return outcome(prctl(PR_GET_DUMPABLE)); }
int terminal() {
  const int result = outcome(syscall(SYS_ioctl, 0, 0x5401 /* TCGETS */, nullptr));
  return result == ENOTTY || result == EFAULT || result == EBADF || result == EIO ? 0 : result;
}
int raise_limit() {
  char limits[16]{};
  return outcome(syscall(SYS_prlimit64, 0, 9 /* RLIMIT_AS */, nullptr, limits));
}
int make_device() { return outcome(mknod("device", S_IFIFO | 0600, 0)); }
int link_out() { return outcome(symlink("/etc/passwd", "link")); }
int shared_memory() {
  const long segment = syscall(SYS_shmget, 0, 4096, 01600);
  if (segment >= 0) syscall(SYS_shmctl, segment, 0 /* IPC_RMID */, nullptr);
  return outcome(segment);
}
int other_abi() {
#ifdef __x86_64__
  // getpid by the x32 numbers: a filter that forgets them lets everything through.
  return outcome(syscall(0x40000000 + SYS_getpid));
#else
  return EPERM;
#endif
}
int write_scratch(const std::filesystem::path& scratch) {
  const int file = open((scratch / "probe").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return file < 0 ? errno : outcome(write(file, "x", 1));
}

// For attempts that succeed in an ordinary process: whatever they do must stay in a namespace of that process
// alone and never reach the machine that runs the test. False: it can't be kept there (an ordinary user, who
// may not do it anyway).
bool apart_from_the_machine() {
  return unshare(CLONE_NEWNS | CLONE_NEWIPC) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

constexpr int killed = -1;

struct Probe {
  const char* name;
  int (*attempt)();
  std::vector<int> refused;  // with these errors, or killed
  // By the kernel's settings, to an ordinary process too.
  bool may_be_refused_anyway = false;
  // Changes the machine where it works: tried unconfined only in namespaces that die with the process.
  bool changes_the_machine = false;
};

const std::vector<Probe>& probes() {
  static const std::vector<Probe> table{
      {"open /etc/passwd", open_passwd, {ENOENT, EACCES}},
      {"open it by a way up", climb_out, {ENOENT, EACCES}},
      {"look into /", list_root, {ENOENT, EACCES}},
      {"open /proc", open_proc, {ENOENT, EACCES}},
      {"make a file elsewhere", write_elsewhere, {ENOENT, EACCES}, true},
      {"connect to an address", connect_inet, {killed}},
      {"connect to an abstract socket", abstract_socket, {killed}},
      {"socketpair", socket_pair, {killed}},
      {"fork", fork_child, {killed}},
      {"clone", clone_thread, {killed}},
      {"execve", execute, {killed}},
      {"ptrace", trace, {killed}},
      {"read the parent's memory", read_parent, {killed}, true},
      {"signal the parent", signal_parent, {EPERM}},
      {"signal everybody", signal_all, {EPERM}, true},
      {"io_uring_setup", io_ring, {killed}, true},
      {"executable mapping", map_executable, {EPERM}},
      {"mapping made executable", make_executable, {EPERM}},
      {"the same by pkey_mprotect", make_executable_with_key, {EPERM}},
      {"open_by_handle_at", open_handle, {killed}, true},
      {"new user namespace", new_user_namespace, {EPERM}, true},
      {"setns", enter_namespace, {EPERM}},
      {"add_key", add_key, {EPERM}, true},
      {"keyctl", ask_keys, {EPERM}, true},
      {"bpf", load_bpf, {killed}, true},
      {"perf_event_open", measure, {killed}, true},
      {"mount", mount_something, {EPERM}, true, true},
      {"chroot", change_root, {EPERM}, true},
      {"setuid 0", become_root, {EPERM}, true},
      {"setuid of another", become_other, {EPERM}, true},
      {"memfd_create", memory_file, {EPERM}},
      {"userfaultfd", page_faults, {EPERM}, true},
      {"pidfd_open", process_descriptor, {EPERM}},
      {"prctl", control_process, {EPERM}},
      {"ioctl", terminal, {EPERM}},
      {"prlimit", raise_limit, {EPERM}},
      {"mknod", make_device, {EPERM, EACCES}},
      {"symlink", link_out, {EPERM, EACCES}},
      {"shared memory", shared_memory, {EPERM}, true, true},
      {"the calls by their x32 numbers", other_abi, {killed, EPERM}, true},
  };
  return table;
}

// The child's exit status is errno; death by the filter is SIGSYS.
std::optional<int> result_of(pid_t child) {
  int status = 0;
  if (child <= 0 || waitpid(child, &status, 0) != child) return std::nullopt;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? std::optional(killed) : std::nullopt;
  return WEXITSTATUS(status);
}

constexpr int not_confined = 200;

Circumstances circumstances_for(UserNamespace user_namespace, const std::filesystem::path& temporary) {
  Circumstances circumstances;
  circumstances.user_namespace = user_namespace;
  circumstances.slot = 5;
  circumstances.scratch_size = 1 << 20;
  circumstances.memory = 64 << 20;
  circumstances.temporary = temporary;
  return circumstances;
}

// In a child: as a zygote and then, in another child, as a worker; the probe's result.
int probe_confined(UserNamespace user_namespace, const std::filesystem::path& temporary, bool complete,
                   const std::function<int(const std::filesystem::path& scratch)>& probe) {
  const auto zygote = confine(Process::zygote, circumstances_for(user_namespace, temporary), 0);
  if (!zygote || (complete && !zygote->missing.empty())) return not_confined;
  const pid_t worker = fork();
  if (worker == 0) {
    const std::filesystem::path parent = zygote->scratch.empty() ? temporary : zygote->scratch;
    const auto confined = confine(Process::worker, circumstances_for(user_namespace, parent), 0);
    if (!confined || (complete && !confined->missing.empty())) _exit(not_confined);
    _exit(probe(confined->scratch));
  }
  int status = 0;
  waitpid(worker, &status, 0);
  std::error_code ignored;
  if (zygote->scratch.empty()) std::filesystem::remove_all(temporary / "5", ignored);
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  return WTERMSIG(status) == SIGSYS ? 255 : 254;
}

TEST(ConfinementProbes, EachGetsSomewhereUnconfinedAndNowhereConfined) {
  for (const Start start : possible_starts()) {
    const TemporaryFolderForTest folder;
    const std::filesystem::path temporary = start == Start::chrooted ? "/tmp" : folder.path();
    for (const Probe& probe : probes()) {
      const auto result = result_of(fork_for_test(start, folder.path(), [&](UserNamespace user_namespace) {
        return probe_confined(user_namespace, temporary, is_complete(start),
                              [&](const auto&) { return probe.attempt(); });
      }));
      ASSERT_TRUE(result);
      ASSERT_NE(*result, not_confined) << to_string(start) << ": can't be confined at all";
      const int code = *result == 255 ? killed : *result;
      EXPECT_NE(std::ranges::find(probe.refused, code), probe.refused.end())
          << to_string(start) << ": " << probe.name << ": "
          << (code == killed ? "killed"
              : code == 0    ? "it works"
                             : std::strerror(code));
    }
  }
  // The same attempts in a process as it comes: they aren't refused for reasons of their own.
  for (const Probe& probe : probes()) {
    const TemporaryFolderForTest folder;
    const pid_t child = fork();
    if (child == 0) {
      const bool apart = apart_from_the_machine();
      if (chdir(folder.path().c_str()) != 0) _exit(not_confined);
      _exit(probe.changes_the_machine && !apart ? 0 : probe.attempt());
    }
    const auto result = result_of(child);
    ASSERT_TRUE(result) << probe.name;
    if (!probe.may_be_refused_anyway) {
      EXPECT_EQ(*result, 0) << probe.name << ": " << std::strerror(*result);
    }
    std::error_code ignored;
    for (const char* left : {"device", "link"}) std::filesystem::remove(folder.path() / left, ignored);
  }
}

TEST(ConfinementProbes, ScratchFolderCanBeUsed) {
  for (const Start start : possible_starts()) {
    const TemporaryFolderForTest folder;
    const std::filesystem::path temporary = start == Start::chrooted ? "/tmp" : folder.path();
    const auto result = result_of(fork_for_test(start, folder.path(), [&](UserNamespace user_namespace) {
      return probe_confined(user_namespace, temporary, is_complete(start), write_scratch);
    }));
    EXPECT_EQ(result, std::optional(0)) << to_string(start);
  }
}

// The layers hold each by itself: without the filter on calls the others still stand.
TEST(ConfinementProbes, WorkerHasNeitherCapabilitiesNorAnotherId) {
  for (const Start start : possible_starts()) {
    if (start == Start::chrooted) continue;  // the same as plain_root
    const TemporaryFolderForTest folder;
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const FileDescriptor from(ends[0]);
    FileDescriptor to(ends[1]);
    int stop[2];
    ASSERT_EQ(pipe2(stop, O_CLOEXEC), 0);
    const FileDescriptor stop_read(stop[0]);
    FileDescriptor stop_write(stop[1]);
    const pid_t child = fork_for_test(start, folder.path(), [&](UserNamespace user_namespace) {
      dup2(stop_read.get(), 0);
      dup2(to.get(), 1);
      return probe_confined(user_namespace, folder.path(), is_complete(start), [](const auto&) {
        char byte = 'c';
        if (write(1, &byte, 1) != 1) return 1;
        return read(0, &byte, 1) == 0 ? 0 : 1;
      });
    });
    to.close();
    char byte;
    ASSERT_EQ(read(from.get(), &byte, 1), 1) << to_string(start);
    const auto workers = children_of(child);
    ASSERT_EQ(workers.size(), 1U) << to_string(start);
    std::ifstream file("/proc/" + std::to_string(workers[0]) + "/status");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    stop_write.close();
    EXPECT_EQ(result_of(child), std::optional(0)) << to_string(start);
    for (const char* none :
         {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
          "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"})
      EXPECT_NE(text.find(none), std::string::npos) << to_string(start) << ": " << none << "\n" << text;
    if (is_complete(start)) {
      EXPECT_NE(text.find("CapBnd:\t0000000000000000"), std::string::npos) << to_string(start) << text;
    }
    if (start == Start::mapped || start == Start::plain_root) {
      const std::size_t at = text.find("Uid:\t");
      ASSERT_NE(at, std::string::npos);
      EXPECT_GT(std::stoul(text.substr(at + 5)), static_cast<unsigned long>(first_worker_id))
          << to_string(start);
    }
  }
}

TEST(Confinement, TableHasARowForEveryProtectionOfAWorker) {
  for (int protection = 0; protection <= static_cast<int>(Protection::few_calls); ++protection)
    EXPECT_TRUE(std::ranges::any_of(confinement_table(), [&](const ConfinementRow& row) {
      return row.process == Process::worker && row.protection == static_cast<Protection>(protection) &&
             !row.what.empty();
    })) << protection;
}

}  // namespace
}  // namespace rastel::sandbox
#endif
