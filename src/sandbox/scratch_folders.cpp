// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/scratch_folders.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/identifier.hpp"

namespace rastel::sandbox {
namespace {

constexpr std::string_view beginning = "rastel-scratch-";

FileDescriptor lock_folder(const std::filesystem::path& folder) {
  FileDescriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (descriptor && flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) descriptor.close();
  return descriptor;
}

// Only what is ours: the parent may be /tmp, where anybody makes folders with any name.
bool is_ours(const std::filesystem::path& folder) {
  struct stat status{};
  return lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

void remove_dead(const std::filesystem::path& parent) {
  std::error_code error;
  std::vector<std::filesystem::path> dead;
  for (std::filesystem::directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with(beginning) || !is_message_id(std::string_view(name).substr(beginning.size())))
      continue;
    if (is_ours(entry->path()) && lock_folder(entry->path())) dead.push_back(entry->path());
  }
  for (const auto& folder : dead) std::filesystem::remove_all(folder, error);
}

}  // namespace

Result<ScratchFolders> ScratchFolders::create(const std::filesystem::path& parent) {
  remove_dead(parent);
  // Between making and locking it another engine that starts now may take it for a dead one's: then once
  // more.
  for (int attempt = 0; attempt < 8; ++attempt) {
    ScratchFolders folders;
    folders.path_ = parent / (std::string(beginning) + new_message_id());
    // Others may pass through it (a worker has an id of its own) but not look into it.
    if (mkdir(folders.path_.c_str(), 0711) != 0)
      return fail_errno(errno, "can't make " + folders.path_.string());
    folders.lock_ = lock_folder(folders.path_);
    if (folders.lock_ && is_ours(folders.path_)) return folders;
  }
  return fail(ErrorKind::ours, "can't keep a folder in " + parent.string());
}

void ScratchFolders::remove(std::uint32_t worker) const {
  std::error_code ignored;
  std::filesystem::remove_all(path_ / std::to_string(worker), ignored);
}

void ScratchFolders::remove_all() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  lock_.close();
}

}  // namespace rastel::sandbox
