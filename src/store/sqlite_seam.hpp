// SPDX-License-Identifier: GPL-2.0-only
// A SQLite VFS on top of the default one that asks an observer before every durable operation and tells it
// afterwards, so that SQLite stands under the same fault injection as our own files (store/durable.hpp).
// Tests only: in production the default VFS is used and nothing of this is registered. An fsync is only
// reported, not done: a test's folder dies before the machine does. Not observed: reading, locking, the
// shared-memory index (rebuilt after a crash anyway), unnamed temporary files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace rastel::store {

enum class SqliteOperation { open, write, truncate, sync, remove, sync_folder };

// Called by whatever thread uses SQLite.
class SqliteObserver {
 public:
  virtual ~SqliteObserver() = default;
  // 0: go on; otherwise the errno with which the operation fails, undone. Not asked for sync_folder, which
  // SQLite's VFS does inside of `sync` and `remove`.
  [[nodiscard]] virtual int before(SqliteOperation operation, const std::filesystem::path& path) = 0;
  // It has succeeded. `open`: the file may be new.
  virtual void after(SqliteOperation operation, const std::filesystem::path& path) = 0;
};

// Registers itself under `name` for its lifetime; every database opened through it is closed before it goes.
class SqliteSeam {
 public:
  SqliteSeam(std::string name, SqliteObserver& observer);
  ~SqliteSeam();
  SqliteSeam(const SqliteSeam&) = delete;
  SqliteSeam& operator=(const SqliteSeam&) = delete;
  [[nodiscard]] const char* name() const;

 private:
  struct Vfs;
  std::unique_ptr<Vfs> vfs_;
};

}  // namespace rastel::store
