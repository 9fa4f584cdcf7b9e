// SPDX-License-Identifier: GPL-2.0-only
// The seam of all durable writes: files are written, fsynced and named through it, so that a test can drop
// everything not fsynced and fail the n-th write. SQLite goes through a VFS shim made of the same seam
// (store/sqlite_seam). Thread-safe: several messages are written at the same time. What is only read isn't
// asked for here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::store {

class DurableFiles {
 public:
  virtual ~DurableFiles() = default;
  [[nodiscard]] virtual Result<FileDescriptor> create(const std::filesystem::path& path) = 0;  // O_EXCL, 0600
  [[nodiscard]] virtual Result<> write(int descriptor, std::string_view bytes) = 0;            // all of them
  [[nodiscard]] virtual Result<> sync(int descriptor) = 0;
  [[nodiscard]] virtual Result<> rename(const std::filesystem::path& from,
                                        const std::filesystem::path& to) = 0;
  [[nodiscard]] virtual Result<> remove(const std::filesystem::path& path) = 0;  // none there: success
  [[nodiscard]] virtual Result<> sync_folder(const std::filesystem::path& folder) = 0;
  // 0700; true: it wasn't there. The parent folder exists; its sync is the caller's.
  [[nodiscard]] virtual Result<bool> create_folder(const std::filesystem::path& folder) = 0;
  // The name of the SQLite VFS that belongs to this seam; null: SQLite's own default.
  [[nodiscard]] virtual const char* sqlite_vfs() const { return nullptr; }
};

// The real one; stateless.
[[nodiscard]] DurableFiles& real_files();

// `folder` and all its missing parents, each durable on return; 0700 where made. What is there already is
// only checked to be a folder.
[[nodiscard]] Result<> ensure_folder(DurableFiles& files, const std::filesystem::path& folder);

// fail_errno() for a path of ours: "can't DO PATH: REASON; REMEDY", one line.
[[nodiscard]] std::unexpected<Error> fail_path(int number, std::string_view what,
                                               const std::filesystem::path& path);

}  // namespace rastel::store
