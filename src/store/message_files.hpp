// SPDX-License-Identifier: GPL-2.0-only
// The files of the quarantine: FOLDER/ab/ID.eml, `ab` the first two digits of the id; folders 0700, files
// 0600. A file is written as ab/ID.RANDOM.tmp, fsynced, renamed, and its folder fsynced; so a name ending in
// .eml always has all of its bytes. What a crash leaves behind is harmless and found by orphans().
// Thread-safe for different ids; used by the quarantine only, which alone knows which files have a row.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/message.hpp"
#include "store/durable.hpp"

namespace rastel::store {

class MessageFiles {
 public:
  MessageFiles(std::filesystem::path folder, DurableFiles& files);

  // Makes FOLDER if it is missing, durably, and closes it and what lies in it to others. Once, before all
  // else.
  [[nodiscard]] Result<> prepare();

  // Durable on return. An older file of this id is replaced; on an error nothing is left but, at worst, an
  // orphan.
  [[nodiscard]] Result<> write(const std::string& id, const Message& message);
  [[nodiscard]] Result<FileDescriptor> open(const std::string& id, std::uint64_t size) const;  // read-only
  [[nodiscard]] bool intact(const std::string& id, std::uint64_t size) const;  // there, with this size
  [[nodiscard]] Result<> remove(const std::string& id);

  struct Found {
    std::string id;
    bool temporary = false;  // not yet, or never, a message's file
    std::filesystem::path path;
  };
  // The two-digit folders that there are.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> folders() const;
  // Of one of them, the files last written before `older_than`; names that aren't ours are passed over.
  [[nodiscard]] Result<std::vector<Found>> files_of(const std::filesystem::path& folder,
                                                    std::chrono::system_clock::time_point older_than) const;
  [[nodiscard]] Result<> remove(const Found& file) { return files_.remove(file.path); }

 private:
  [[nodiscard]] std::filesystem::path folder_of(const std::string& id) const;
  [[nodiscard]] std::filesystem::path path_of(const std::string& id) const;
  [[nodiscard]] Result<> ensure_folder_of(const std::string& id);
  [[nodiscard]] Result<> write_temporary(const std::filesystem::path& path, const Message& message);

  const std::filesystem::path folder_;
  DurableFiles& files_;

  std::mutex mutex_;  // for what follows
  std::set<std::filesystem::path> durable_folders_;
};

}  // namespace rastel::store
