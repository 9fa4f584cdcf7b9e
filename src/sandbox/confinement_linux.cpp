// SPDX-License-Identifier: GPL-2.0-only
// Namespaces, root, ids, capabilities, limits, Landlock: Linux.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "sandbox/confinement_parts.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace rastel::sandbox {
namespace {

std::string problem(std::string_view what) { return std::string(what) + ": " + std::strerror(errno); }

// linux/landlock.h of Debian 12 knows ABI 2; the numbers are the kernel's and don't change.
struct LandlockRules {
  std::uint64_t files, network, scopes;
};
struct __attribute__((packed)) LandlockPath {
  std::uint64_t allowed;
  std::int32_t parent;
};
constexpr std::uint64_t files_of_abi[] = {
    0, (1ULL << 13) - 1, (1ULL << 14) - 1, (1ULL << 15) - 1, (1ULL << 15) - 1, (1ULL << 16) - 1};
// Everything in the scratch folder but execute (bit 0) and making devices and sockets (bits 6, 9, 10, 11).
constexpr std::uint64_t scratch_rights =
    ((1ULL << 15) - 1) & ~(1ULL << 0) & ~(1ULL << 6) & ~(1ULL << 9) & ~(1ULL << 10) & ~(1ULL << 11);

}  // namespace

std::string new_namespaces() {
  if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) return problem("unshare");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno != EINVAL)
    return problem("private mounts");
  return {};
}

std::string enter_empty_root(const std::filesystem::path& mount_point, std::uint64_t size,
                             std::uint32_t owner) {
  char options[128];
  std::snprintf(options, sizeof options, "size=%llu,nr_inodes=65536,mode=0700,uid=%u,gid=%u",
                static_cast<unsigned long long>(size), owner, owner);
  if (mount("rastel", mount_point.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) != 0)
    return problem("mount tmpfs");
  if (chdir(mount_point.c_str()) != 0) return problem("chdir");
  if (syscall(SYS_pivot_root, ".", ".") == 0) {
    // The old root lies over the new one now; it goes, with every way back.
    if (umount2(".", MNT_DETACH) != 0) return problem("umount");
  } else if (chroot(".") !=
             0) {  // inside a chroot pivot_root is refused: no descriptor leads back, so this holds too
    return problem("chroot");
  }
  return chdir("/") == 0 ? std::string() : problem("chdir /");
}

std::string become(std::uint32_t id) {
  if (setgroups(0, nullptr) != 0 && errno != EPERM) return problem("setgroups");
  if (setresgid(id, id, id) != 0) return problem("setresgid");
  if (setresuid(id, id, id) != 0) return problem("setresuid");
  return {};
}

// While we are root still: afterwards nobody may. What an ordinary user without a namespace keeps in his
// bounding set does no harm, since no_new_privs stands and a worker can't start a program.
void empty_bounding_set() {
  prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

std::string drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  return syscall(SYS_capset, &header, none) == 0 ? std::string() : problem("capset");
}

std::string forbid_new_privileges() {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // after the id changed: that clears it
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? std::string() : problem("no_new_privs");
}

namespace {

constexpr long create_ruleset = 444, add_rule = 445, restrict_self = 446;

struct Ruleset {
  FileDescriptor descriptor;
  std::uint64_t handled = 0;
};

// One that allows nothing yet.
std::string new_ruleset(Ruleset& ruleset) {
  const long version = syscall(create_ruleset, nullptr, 0, 1U);
  if (version < 1) return problem("the kernel has no Landlock");
  const auto abi = static_cast<std::size_t>(version);
  ruleset.handled = files_of_abi[std::min<std::size_t>(abi, 5)];
  LandlockRules rules{ruleset.handled, abi >= 4 ? 3ULL : 0ULL, abi >= 6 ? 3ULL : 0ULL};
  const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  ruleset.descriptor = FileDescriptor(static_cast<int>(syscall(create_ruleset, &rules, size, 0U)));
  return ruleset.descriptor ? std::string() : problem("landlock_create_ruleset");
}

std::string restrict_to(const Ruleset& ruleset) {
  return syscall(restrict_self, ruleset.descriptor.get(), 0U) == 0 ? std::string()
                                                                   : problem("landlock_restrict_self");
}

}  // namespace

std::string allow_only_folder(const std::filesystem::path& folder) {
  Ruleset ruleset;
  if (std::string missing = new_ruleset(ruleset); !missing.empty()) return missing;
  const FileDescriptor parent(open(folder.c_str(), O_PATH | O_CLOEXEC));
  const LandlockPath path{scratch_rights & ruleset.handled, parent.get()};
  if (syscall(add_rule, ruleset.descriptor.get(), 1, &path, 0U) != 0) return problem("landlock_add_rule");
  return restrict_to(ruleset);
}

std::string allow_no_file() {
  Ruleset ruleset;
  if (std::string missing = new_ruleset(ruleset); !missing.empty()) return missing;
  return restrict_to(ruleset);
}

void end_with_parent() {}

void close_from(int first) { close_range(static_cast<unsigned>(first), ~0U, 0); }

void close_all_but(int keep) {
  if (keep > 3) close_range(3, static_cast<unsigned>(keep) - 1, 0);
  close_from(std::max(keep, 2) + 1);
}

}  // namespace rastel::sandbox

#else  // nothing of this is to be had

namespace rastel::sandbox {

std::string new_namespaces() { return "only on Linux"; }
std::string enter_empty_root(const std::filesystem::path&, std::uint64_t, std::uint32_t) {
  return "only on Linux";
}
std::string become(std::uint32_t id) {
  return setgid(id) == 0 && setuid(id) == 0 ? std::string() : std::string("setuid: ") + std::strerror(errno);
}
void empty_bounding_set() {}
std::string drop_capabilities() { return geteuid() != 0 ? std::string() : "only on Linux"; }
std::string forbid_new_privileges() { return "only on Linux"; }
std::string allow_only_folder(const std::filesystem::path&) { return "only on Linux"; }
std::string allow_no_file() { return "only on Linux"; }
void end_with_parent() {
  std::thread([parent = getppid()] {
    while (getppid() == parent) sleep(1);
    _exit(0);
  }).detach();
}
void close_from(int first) {
  const long most = std::min(sysconf(_SC_OPEN_MAX), 65536L);
  for (int number = first; number < most; ++number) close(number);
}
void close_all_but(int keep) {
  const long most = std::min(sysconf(_SC_OPEN_MAX), 65536L);
  for (int number = 3; number < most; ++number)
    if (number != keep) close(number);
}

}  // namespace rastel::sandbox
#endif
