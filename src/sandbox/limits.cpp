// SPDX-License-Identifier: GPL-2.0-only
// What a worker may take, by setrlimit: everywhere.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/confinement_parts.hpp"

namespace rastel::sandbox {
namespace {

#ifndef RASTEL_SANITIZED
// How much of the address space is taken now. Asked by trying, because a chroot may have no /proc: a page can
// be mapped exactly when what is taken and the page stay within the limit.
std::uint64_t mapped_now() {
  rlimit before{};
  if (getrlimit(RLIMIT_AS, &before) != 0) return 0;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::uint64_t low = 0;
  std::uint64_t high = std::min<std::uint64_t>(before.rlim_max, 1ULL << 47);
  while (high - low > page) {
    const std::uint64_t middle = low + (high - low) / 2;
    const rlimit tried{middle, before.rlim_max};
    if (setrlimit(RLIMIT_AS, &tried) != 0) break;
    void* mapped = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
      low = middle;
    } else {
      munmap(mapped, page);
      high = middle;
    }
  }
  setrlimit(RLIMIT_AS, &before);
  return high;
}
#endif

}  // namespace

std::string set_limits(const Circumstances& circumstances) {
  // A file that grows over the limit is an error to handle, not a death (SIGXFSZ).
  std::signal(SIGXFSZ, SIG_IGN);
  const auto set = [](decltype(RLIMIT_CORE) resource, std::uint64_t value) {
    const rlimit limit{value, value};
    return setrlimit(resource, &limit) == 0;
  };
#ifndef RASTEL_SANITIZED  // a report starts the symbolizer
  set(RLIMIT_NPROC, 0);   // root in its own namespace isn't held by it; seccomp holds all
#endif
  bool good = set(RLIMIT_CORE, 0) && set(RLIMIT_NOFILE, 512) && set(RLIMIT_FSIZE, circumstances.scratch_size);
#ifndef RASTEL_SANITIZED  // AddressSanitizer reserves terabytes of addresses
  if (circumstances.memory > 0) good = set(RLIMIT_AS, mapped_now() + circumstances.memory) && good;
#endif
  return good ? std::string() : "setrlimit: " + std::string(std::strerror(errno));
}

// Its files are its log; its threads are two.
std::string set_page_limits() {
  const auto set = [](decltype(RLIMIT_CORE) resource, std::uint64_t value) {
    const rlimit limit{value, value};
    return setrlimit(resource, &limit) == 0;
  };
  bool good = set(RLIMIT_CORE, 0) && set(RLIMIT_NOFILE, 512);
#ifndef RASTEL_SANITIZED
  constexpr std::uint64_t page_memory = 1 << 30;  // of addresses: 128 connections, and scrypt's tables
  good = set(RLIMIT_AS, mapped_now() + page_memory) && good;
#endif
  return good ? std::string() : "setrlimit: " + std::string(std::strerror(errno));
}

}  // namespace rastel::sandbox
