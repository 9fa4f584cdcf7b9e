// SPDX-License-Identifier: GPL-2.0-only
#include "store/durable.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os/file.hpp"

namespace rastel::store {
namespace {

std::string remedy(int number, const std::filesystem::path& path) {
  switch (number) {
    case EACCES:
    case EPERM:
      return fmt::format("; the store must belong to the user rasteld runs as: chown -R {} {}", geteuid(),
                         path.parent_path().native());
    case EROFS:
      return "; its filesystem is read-only: mount it read-write or change [store] directory";
    case ENOSPC:
      return "; make room on its filesystem, or purge the quarantine";
    case EDQUOT:
      return "; raise the quota, or purge the quarantine";
    case ENOTDIR:
      return "; a part of this path is no folder: move it away or change [store] directory";
    case EISDIR:
      return "; a folder lies where a file belongs: move it away";
    case ENOENT:
      return "; a folder is missing that was there at the start: restart rasteld to make it again";
    case EMFILE:
    case ENFILE:
      return "; raise the limit on open files";
    default:
      return "";
  }
}

int sync_descriptor(int descriptor) {
  int result;
  do {
#ifdef F_FULLFSYNC  // macOS: fsync leaves the bytes in the drive's own cache
    result = fcntl(descriptor, F_FULLFSYNC);
#else
    result = fsync(descriptor);
#endif
  } while (result != 0 && errno == EINTR);
  return result;
}

class RealFiles final : public DurableFiles {
 public:
  Result<FileDescriptor> create(const std::filesystem::path& path) override {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return fail_path(errno, "can't create", path);
    return file;
  }

  Result<> write(int descriptor, std::string_view bytes) override { return os::write_all(descriptor, bytes); }

  // Never tried again after a failure: the kernel may have thrown the dirty pages away and would then answer
  // success.
  Result<> sync(int descriptor) override {
    if (sync_descriptor(descriptor) != 0) return fail_errno(errno, "can't fsync a file of the store");
    return {};
  }

  Result<> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_path(errno, "can't name", to);
    return {};
  }

  Result<> remove(const std::filesystem::path& path) override {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail_path(errno, "can't remove", path);
    return {};
  }

  Result<> sync_folder(const std::filesystem::path& folder) override {
    const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return fail_path(errno, "can't open", folder);
    if (sync_descriptor(opened.get()) != 0) return fail_path(errno, "can't fsync", folder);
    return {};
  }

  Result<bool> create_folder(const std::filesystem::path& folder) override {
    if (mkdir(folder.c_str(), 0700) == 0) return true;
    if (errno != EEXIST) return fail_path(errno, "can't create", folder);
    return false;
  }
};

}  // namespace

DurableFiles& real_files() {
  static RealFiles files;
  return files;
}

std::unexpected<Error> fail_path(int number, std::string_view what, const std::filesystem::path& path) {
  auto failure = fail_errno(number, fmt::format("{} {}", what, path.native()));
  failure.error().what += remedy(number, path);
  return failure;
}

Result<> ensure_folder(DurableFiles& files, const std::filesystem::path& folder) {
  struct stat status{};
  if (stat(folder.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) return fail_path(ENOTDIR, "can't use", folder);
    return {};
  }
  if (errno != ENOENT) return fail_path(errno, "can't open", folder);
  const std::filesystem::path parent =
      folder.has_parent_path() ? folder.parent_path() : std::filesystem::path(".");
  if (parent == folder) return fail_path(ENOENT, "can't create", folder);
  RASTEL_CHECK(ensure_folder(files, parent));
  RASTEL_CHECK(files.create_folder(folder));
  return files.sync_folder(parent);
}

}  // namespace rastel::store
