// SPDX-License-Identifier: GPL-2.0-only
#include "detect/write_watch.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>

#include <dlfcn.h>
#include <unistd.h>

namespace {

std::atomic<std::uint64_t> failures_no_space{0};
std::atomic<std::uint64_t> failures_other{0};

// The function of that name behind ours (libc's, or a sanitizer's).
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
struct Next {
  ssize_t (*write)(int, const void*, std::size_t) = next<ssize_t(int, const void*, std::size_t)>("write");
  std::size_t (*fwrite)(const void*, std::size_t, std::size_t,
                        FILE*) = next<std::size_t(const void*, std::size_t, std::size_t, FILE*)>("fwrite");
  int (*fseek)(FILE*, long, int) = next<int(FILE*, long, int)>("fseek");
  int (*fflush)(FILE*) = next<int(FILE*)>("fflush");
  int (*fclose)(FILE*) = next<int(FILE*)>("fclose");
};
const Next& libc() {
  static const Next functions;
  return functions;
}

void count_failure(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      failures_no_space.fetch_add(1, std::memory_order_relaxed);
      break;
    case EINTR:
    case EAGAIN:
    case EPIPE:
      break;
    default:
      failures_other.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

#define RASTEL_WATCHED extern "C" __attribute__((visibility("default")))

RASTEL_WATCHED ssize_t write(int descriptor, const void* bytes, std::size_t count) {
  const ssize_t written = libc().write(descriptor, bytes, count);
  if (written < 0) count_failure(errno);
  return written;
}

RASTEL_WATCHED std::size_t fwrite(const void* bytes, std::size_t size, std::size_t count, FILE* file) {
  const std::size_t written = libc().fwrite(bytes, size, count, file);
  if (written != count && size != 0) count_failure(errno);
  return written;
}

RASTEL_WATCHED int fseek(FILE* file, long offset, int whence) {
  const int result = libc().fseek(file, offset, whence);
  if (result != 0) count_failure(errno);
  return result;
}

RASTEL_WATCHED int fflush(FILE* file) {
  const int result = libc().fflush(file);
  if (result != 0) count_failure(errno);
  return result;
}

// What fputs, fputc and fprintf couldn't write is remembered by the stream.
RASTEL_WATCHED int fclose(FILE* file) {
  if (::ferror(file) != 0) count_failure(ENOSPC);
  const int result = libc().fclose(file);
  if (result != 0) count_failure(errno);
  return result;
}

namespace rastel::detect {

bool write_watch_works() {
  const auto is_first = [](const char* name, auto* function) {
    return ::dlsym(RTLD_DEFAULT, name) == reinterpret_cast<void*>(function);
  };
  const Next& functions = libc();
  return functions.write != nullptr && functions.fwrite != nullptr && functions.fseek != nullptr &&
         functions.fflush != nullptr && functions.fclose != nullptr && is_first("write", &::write) &&
         is_first("fwrite", &::fwrite) && is_first("fseek", &::fseek) && is_first("fflush", &::fflush) &&
         is_first("fclose", &::fclose);
}

FailedWrites failed_writes() {
  return {.no_space = failures_no_space.load(std::memory_order_relaxed),
          .other = failures_other.load(std::memory_order_relaxed)};
}

}  // namespace rastel::detect
