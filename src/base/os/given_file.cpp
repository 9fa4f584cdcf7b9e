// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/given_file.hpp"

#include <sys/stat.h>

#ifdef __linux__
#include <sys/vfs.h>
#endif

namespace rastel::os {
namespace {

#ifdef __linux__
bool may_wait(int descriptor) {
  constexpr std::uint32_t fuse = 0x65735546;
  struct statfs system{};
  return fstatfs(descriptor, &system) != 0 || static_cast<std::uint32_t>(system.f_type) == fuse;
}
#else
bool may_wait(int) { return false; }
#endif

}  // namespace

GivenFile look_at_given(int descriptor) {
  struct stat status{};
  GivenFile file;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return file;
  file.kind = may_wait(descriptor) ? GivenFile::Kind::may_wait : GivenFile::Kind::readable;
  file.size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

}  // namespace rastel::os
