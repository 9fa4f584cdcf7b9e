// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/folder_watch.hpp"

#include <algorithm>

#include <unistd.h>

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <sys/inotify.h>

namespace rastel::os {

FolderWatch::FolderWatch() : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void FolderWatch::watch(const std::vector<std::filesystem::path>& folders) {
  constexpr std::uint32_t changes = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO |
                                    IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  std::vector<std::pair<std::filesystem::path, int>> now;
  for (const auto& folder : folders) {
    // The number is the same where it is the same folder still, another where it was replaced.
    const int number = descriptor_ ? inotify_add_watch(descriptor_.get(), folder.c_str(), changes) : -1;
    if (number >= 0) now.emplace_back(folder, number);
  }
  for (const auto& [folder, number] : watched_)
    if (std::ranges::find(now, number, [](const auto& entry) { return entry.second; }) == now.end())
      inotify_rm_watch(descriptor_.get(), number);
  watched_ = std::move(now);
  complete_ = watched_.size() == folders.size();
}

void FolderWatch::drain() {
  alignas(inotify_event) char events[4096];
  while (read(descriptor_.get(), events, sizeof events) > 0) continue;
}

}  // namespace rastel::os

#else

namespace rastel::os {
FolderWatch::FolderWatch() = default;
void FolderWatch::watch(const std::vector<std::filesystem::path>&) {}
void FolderWatch::drain() {}
}  // namespace rastel::os

#endif
