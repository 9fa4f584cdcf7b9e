// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/beneath.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <linux/openat2.h>
#include <sys/syscall.h>
#define RASTEL_LINUX_OPENAT2 1
#endif

namespace rastel::os {
namespace {

#if defined(O_PATH)
constexpr int to_pass_through = O_PATH | O_DIRECTORY | O_CLOEXEC;
#elif defined(O_SEARCH)
constexpr int to_pass_through = O_SEARCH | O_DIRECTORY | O_CLOEXEC;
#else
constexpr int to_pass_through = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
#endif

using Opened = std::expected<FileDescriptor, int>;

FileKind kind_of(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return FileKind::regular;
  if (S_ISDIR(status.st_mode)) return FileKind::folder;
  return S_ISLNK(status.st_mode) ? FileKind::link : FileKind::other;
}

// Without empty components and ".", which lead nowhere.
std::vector<std::string> components_of(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    if (!component.empty() && component != ".") components.emplace_back(component);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return components;
}

Opened step_by_step(int folder, const std::vector<std::string>& steps) {
  FileDescriptor here;
  for (const std::string& step : steps) {
    FileDescriptor next(openat(here ? here.get() : folder, step.c_str(), to_pass_through | O_NOFOLLOW));
    if (!next) return std::unexpected(errno);
    here = std::move(next);
  }
  return here;
}

// The folder that the last step is taken in; none: `folder` itself.
Opened pass_through(int folder, const std::vector<std::string>& steps) {
  if (steps.empty()) return FileDescriptor();
#ifdef RASTEL_LINUX_OPENAT2
  std::string path;
  for (const std::string& step : steps) path += (path.empty() ? "" : "/") + step;
  open_how how{};
  how.flags = to_pass_through;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long number = syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  if (number >= 0) return FileDescriptor(static_cast<int>(number));
  // EPERM: a filter of system calls that was written before there was openat2.
  if (errno != ENOSYS && errno != EPERM) return std::unexpected(errno);
#endif
  return step_by_step(folder, steps);
}

}  // namespace

Opened open_folder(const std::filesystem::path& path) {
  FileDescriptor folder(open(path.c_str(), to_pass_through));
  if (!folder) return std::unexpected(errno);
  return folder;
}

std::expected<OpenedFile, int> open_beneath(const FileDescriptor& folder, std::string_view path) {
  std::vector<std::string> steps = components_of(path);
  if (std::ranges::find(steps, "..") != steps.end()) return std::unexpected(EXDEV);
  const std::string last = steps.empty() ? "." : steps.back();
  if (!steps.empty()) steps.pop_back();
  const auto parent = pass_through(folder.get(), steps);
  if (!parent) return std::unexpected(parent.error());
  const int in = *parent ? parent->get() : folder.get();
  struct stat status{};
  if (fstatat(in, last.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return std::unexpected(errno);
  OpenedFile opened{kind_of(status), {}};
  if (opened.kind != FileKind::regular && opened.kind != FileKind::folder) return opened;
  // It may be another thing by now: so neither followed nor waited for, and looked at once more.
  opened.file =
      FileDescriptor(openat(in, last.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened.file) return std::unexpected(errno);
  if (fstat(opened.file.get(), &status) != 0) return std::unexpected(errno);
  opened.kind = kind_of(status);
  if (opened.kind != FileKind::regular && opened.kind != FileKind::folder) opened.file.close();
  return opened;
}

std::expected<std::vector<std::string>, int> names_in(FileDescriptor folder, std::size_t most) {
  const std::unique_ptr<DIR, decltype([](DIR* open) { closedir(open); })> directory(fdopendir(folder.get()));
  if (!directory) return std::unexpected(errno);
  (void)folder.release();  // the directory's now
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(directory.get());
    if (entry == nullptr && errno != 0) return std::unexpected(errno);
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == most) return std::unexpected(E2BIG);
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace rastel::os
