// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/file.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/identifier.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <sys/mman.h>
#define RASTEL_LINUX_FILES 1
#endif

namespace rastel::os {
namespace {

// A name for a moment: created exclusively, opened a second time where asked, unlinked at once.
Result<FileDescriptor> named_for_a_moment(const std::filesystem::path& folder, FileDescriptor* read_only) {
  const std::string name = folder / ("spool-" + new_message_id());
  FileDescriptor file(open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_errno(errno, "can't create a spool file in " + folder.string());
  if (read_only != nullptr)
    *read_only = FileDescriptor(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const int problem = errno;
  unlink(name.c_str());
  if (read_only != nullptr && !*read_only)
    return fail_errno(problem, "can't reopen a spool file in " + folder.string());
  return file;
}

}  // namespace

Result<> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "can't write");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<FileDescriptor> unnamed_file(const std::filesystem::path& folder) {
#ifdef RASTEL_LINUX_FILES
  FileDescriptor file(open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (file) return file;
  // Some filesystems (older overlayfs, NFS) know no O_TMPFILE.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
    return fail_errno(errno, "can't create a spool file in " + folder.string());
#endif
  return named_for_a_moment(folder, nullptr);
}

Result<FileDescriptor> reopen_read_only(FileDescriptor file) {
#ifdef __linux__
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
#else
  const std::string name = "/dev/fd/" + std::to_string(file.get());
#endif
  FileDescriptor reopened(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reopened) return fail_errno(errno, "can't reopen a spool file read-only (is " + name + " there?)");
  return reopened;
}

Result<FileDescriptor> sealed_memory_file(std::string_view bytes, const std::filesystem::path& folder) {
#ifdef RASTEL_LINUX_FILES
  (void)folder;
  FileDescriptor file(memfd_create("rastel-message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return fail_errno(errno, "can't create a memory file");
  RASTEL_CHECK(write_all(file.get(), bytes));
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return fail_errno(errno, "can't seal a memory file");
  return file;  // open for writing, which the seals forbid to everybody
#else
  FileDescriptor read_only;
  RASTEL_TRY(FileDescriptor file, named_for_a_moment(folder, &read_only));
  RASTEL_CHECK(write_all(file.get(), bytes));
  return read_only;
#endif
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t maximum) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "can't open " + path.string());
  std::string bytes;
  std::string piece(64 * 1024, '\0');
  for (;;) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "can't read " + path.string());
    if (got == 0) return bytes;
    bytes.append(piece, 0, static_cast<std::size_t>(got));
    if (bytes.size() > maximum)
      return fail(ErrorKind::invalid_input,
                  path.string() + " is larger than " + std::to_string(maximum) + " bytes");
  }
}

}  // namespace rastel::os
