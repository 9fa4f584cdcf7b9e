// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/shared_memory.hpp"

#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os/file.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#define RASTEL_MEMORY_FILES 1
#endif

namespace rastel::os {

Mapping::~Mapping() {
  if (start_ != nullptr) munmap(start_, size_);
}

Mapping::Mapping(Mapping&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(start_, other.start_);
  std::swap(size_, other.size_);
  return *this;
}

Result<Mapping> map_shared(int descriptor, std::size_t size, int protection) {
  void* start = mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
  if (start == MAP_FAILED) return fail_errno(errno, "can't map shared memory");
  Mapping mapping;
  mapping.start_ = start;
  mapping.size_ = size;
  return mapping;
}

namespace {

Result<FileDescriptor> memory_file() {
#ifdef RASTEL_MEMORY_FILES
  FileDescriptor file(memfd_create("rastel-verdicts", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return fail_errno(errno, "can't create a memory file");
  return file;
#else
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return fail(ErrorKind::ours, "no folder for temporary files: " + error.message());
  return unnamed_file(folder);
#endif
}

}  // namespace

Result<SharedMemory> shared_memory(std::size_t size) {
  RASTEL_TRY(FileDescriptor file, memory_file());
  if (ftruncate(file.get(), static_cast<off_t>(size)) != 0)
    return fail_errno(errno, "can't make room for shared memory");
  SharedMemory memory;
  RASTEL_TRY(memory.writable, map_shared(file.get(), size, PROT_READ | PROT_WRITE));
#ifdef RASTEL_MEMORY_FILES
  // Our mapping stays writable, none that is made later is (Linux 5.1). Without that seal the descriptor's
  // own mode still keeps honest mappings read-only.
  (void)fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  (void)fcntl(file.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
#endif
  RASTEL_TRY(memory.read_only, reopen_read_only(std::move(file)));
  return memory;
}

Result<Mapping> map_read_only(int descriptor, std::size_t maximum) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0) return fail_errno(errno, "can't look at shared memory");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size == 0 || size > maximum) return fail(ErrorKind::invalid_input, "shared memory of a wrong size");
  return map_shared(descriptor, static_cast<std::size_t>(size), PROT_READ);
}

}  // namespace rastel::os
