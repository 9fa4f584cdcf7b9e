// SPDX-License-Identifier: GPL-2.0-only
// Tells that something may have changed in one of some folders (not below them): inotify on Linux. A hint and
// no more: who uses it looks for himself, and now and then without being told, since a folder may lie on a
// network, be replaced by another, or the system know nothing of the kind.
#pragma once

#include <filesystem>
#include <vector>

#include "base/file_descriptor.hpp"

namespace rastel::os {

class FolderWatch {
 public:
  FolderWatch();
  // Those folders and no others; again and again, so that one that is made later is found.
  void watch(const std::vector<std::filesystem::path>& folders);
  // All of them are watched: a look without a hint is needed rarely.
  [[nodiscard]] bool complete() const { return complete_; }
  // Readable once there is a hint; -1: there is never one.
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  void drain();  // forgets the hints that have come

 private:
  FileDescriptor descriptor_;
  std::vector<std::pair<std::filesystem::path, int>> watched_;
  bool complete_ = false;
};

}  // namespace rastel::os
