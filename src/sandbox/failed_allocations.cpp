// SPDX-License-Identifier: GPL-2.0-only
// libclamav's mail parser fills a structure that it couldn't allocate. What tells this apart from any other
// crash is that an allocation has failed, so malloc() and its like are wrapped; memory of C++ has its handler
// (worker.cpp).
#include "sandbox/failed_allocations.hpp"

#include <cstdlib>  // says whether it is glibc's

#if defined(__GLIBC__) && !defined(RASTEL_SANITIZED)

#include <atomic>
#include <csignal>

#include <unistd.h>

namespace {

std::atomic<bool> failed = false;
std::atomic<int> exit_status = 0;

void* noted(void* memory, std::size_t size) {
  if (memory == nullptr && size > 0) failed.store(true, std::memory_order_relaxed);
  return memory;
}

// Its action has been reset: what the code did it does again when this returns, and dies of it. What somebody
// else sent comes once, and a worker may not send itself another (seccomp).
void end(int number, siginfo_t* information, void* /*context*/) {
  if (failed.load(std::memory_order_relaxed)) _exit(exit_status.load(std::memory_order_relaxed));
  if (information->si_code <= 0) _exit(128 + number);
}

}  // namespace

// glibc's own, under the names that it keeps for who replaces the others.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

void* malloc(std::size_t size) { return noted(__libc_malloc(size), size); }
void* calloc(std::size_t count, std::size_t size) {
  return noted(__libc_calloc(count, size), count == 0 ? 0 : size);
}
void* realloc(void* memory, std::size_t size) { return noted(__libc_realloc(memory, size), size); }
}

namespace rastel::sandbox {

void exit_where_memory_is_missing(int status) {
  exit_status = status;
  struct sigaction action{};
  action.sa_sigaction = end;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT}) sigaction(number, &action, nullptr);
}

}  // namespace rastel::sandbox

#else

namespace rastel::sandbox {

void exit_where_memory_is_missing(int /*status*/) {}

}  // namespace rastel::sandbox

#endif
