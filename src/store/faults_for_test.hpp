// SPDX-License-Identifier: GPL-2.0-only
// A disk for tests: everything but the waiting for the disk really happens below `root`, and beside it the
// disk remembers what would survive a loss of power (contents at their last fsync, names at the last fsync of
// their folder). Operations are counted, SQLite's among them, so that a test can fail the n-th, or stop the
// world there. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "store/durable.hpp"
#include "store/sqlite_seam.hpp"

namespace rastel::store {

class FaultyDisk final : public DurableFiles, public SqliteObserver {
 public:
  enum class Loss {
    unsynced,  // power: contents and names that were not fsynced are gone
    contents,  // power, on a filesystem that writes names early: they are all there, with the contents last
               // fsynced
    nothing,   // only the process died: the page cache lives on
  };
  enum class Fault { once, from_then_on };

  explicit FaultyDisk(std::filesystem::path root);  // an empty, durable folder

  // The `n`-th operation from now (1 is the next) fails with `number`; 0: none.
  void fail_at(std::uint64_t n, int number, Fault fault);
  [[nodiscard]] std::uint64_t operations() const;  // since the last fail_at()
  [[nodiscard]] bool failed() const;               // the fault was reached

  // The state of the root after the loss; every file and database on it is closed. Faults are off again.
  void lose(Loss loss);

  [[nodiscard]] Result<FileDescriptor> create(const std::filesystem::path& path) override;
  [[nodiscard]] Result<> write(int descriptor, std::string_view bytes) override;
  [[nodiscard]] Result<> sync(int descriptor) override;
  [[nodiscard]] Result<> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  [[nodiscard]] Result<> remove(const std::filesystem::path& path) override;
  [[nodiscard]] Result<> sync_folder(const std::filesystem::path& folder) override;
  [[nodiscard]] Result<bool> create_folder(const std::filesystem::path& folder) override;
  [[nodiscard]] const char* sqlite_vfs() const override { return seam_.name(); }

  [[nodiscard]] int before(SqliteOperation operation, const std::filesystem::path& path) override;
  void after(SqliteOperation operation, const std::filesystem::path& path) override;

 private:
  struct Node {
    bool folder = false;
    std::string durable;      // a file's bytes at its last fsync
    std::uint64_t inode = 0;  // of a file made by create()
  };
  using Names = std::map<std::filesystem::path, std::shared_ptr<Node>>;

  [[nodiscard]] int next();  // counts; 0 or the errno
  void synced(const std::filesystem::path& path);
  void folder_synced(const std::filesystem::path& folder);

  const std::filesystem::path root_;
  SqliteSeam seam_;

  mutable std::mutex mutex_;
  Names live_, durable_;
  std::uint64_t count_ = 0, fail_at_ = 0;
  int number_ = 0;
  Fault fault_ = Fault::once;
  bool failed_ = false;
};

}  // namespace rastel::store
