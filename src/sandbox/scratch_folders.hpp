// SPDX-License-Identifier: GPL-2.0-only
// The folder of one engine in which its workers have their scratch folders where they can't have an empty
// root of their own. A killed worker tidies nothing up, so the zygote does: after each worker, at its own
// end, and at its start for engines that were killed themselves. An engine that lives holds a lock on its
// folder. Used by the zygote only.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::sandbox {

class ScratchFolders {
 public:
  // Makes a new folder in `parent`, after having removed those there whose engine is dead.
  [[nodiscard]] static Result<ScratchFolders> create(const std::filesystem::path& parent);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void remove(std::uint32_t worker) const;  // nothing to do if it had none
  void remove_all();

 private:
  std::filesystem::path path_;
  FileDescriptor lock_;
};

}  // namespace rastel::sandbox
