// SPDX-License-Identifier: GPL-2.0-only
#include "store/faults_for_test.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

#include "base/identifier.hpp"

namespace rastel::store {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t inode_of(int descriptor) {
  struct stat status{};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

FaultyDisk::FaultyDisk(fs::path root) : root_(std::move(root)), seam_("faulty-" + new_message_id(), *this) {}

void FaultyDisk::fail_at(std::uint64_t n, int number, Fault fault) {
  const std::scoped_lock lock(mutex_);
  count_ = 0;
  fail_at_ = n;
  number_ = number;
  fault_ = fault;
  failed_ = false;
}

std::uint64_t FaultyDisk::operations() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

bool FaultyDisk::failed() const {
  const std::scoped_lock lock(mutex_);
  return failed_;
}

int FaultyDisk::next() {
  const std::scoped_lock lock(mutex_);
  ++count_;
  if (fail_at_ == 0 || count_ < fail_at_ || (count_ > fail_at_ && fault_ == Fault::once)) return 0;
  failed_ = true;
  return number_;
}

void FaultyDisk::synced(const fs::path& path) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = live_.find(path); found != live_.end()) found->second->durable = contents(path);
}

void FaultyDisk::folder_synced(const fs::path& folder) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(durable_, [&](const auto& name) { return name.first.parent_path() == folder; });
  for (const auto& [path, node] : live_)
    if (path.parent_path() == folder) durable_.emplace(path, node);
}

void FaultyDisk::lose(Loss loss) {
  const std::scoped_lock lock(mutex_);
  fail_at_ = 0;
  if (loss == Loss::nothing) return;
  const Names survivors = loss == Loss::contents ? live_ : durable_;
  live_.clear();
  for (const auto& entry : fs::directory_iterator(root_)) fs::remove_all(entry.path());
  // Sorted by path: a folder comes before what lies in it; what lies in a lost folder is lost.
  for (const auto& [path, node] : survivors) {
    if (!fs::is_directory(path.parent_path())) continue;
    if (node->folder)
      fs::create_directory(path);
    else
      std::ofstream(path, std::ios::binary) << node->durable;
    fs::permissions(path,
                    node->folder ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write);
    node->inode = 0;
    live_.emplace(path, node);
  }
  durable_ = live_;
}

Result<FileDescriptor> FaultyDisk::create(const fs::path& path) {
  if (const int number = next(); number != 0) return fail_path(number, "can't create", path);
  RASTEL_TRY(FileDescriptor file, real_files().create(path));
  const std::scoped_lock lock(mutex_);
  live_[path] = std::make_shared<Node>(Node{false, {}, inode_of(file.get())});
  return file;
}

Result<> FaultyDisk::write(int descriptor, std::string_view bytes) {
  if (const int number = next(); number != 0) {
    (void)real_files().write(descriptor, bytes.substr(0, bytes.size() / 2));  // torn
    return fail_errno(number, "can't write");
  }
  return real_files().write(descriptor, bytes);
}

Result<> FaultyDisk::sync(int descriptor) {
  if (const int number = next(); number != 0) return fail_errno(number, "can't fsync");
  const std::uint64_t inode = inode_of(descriptor);
  const std::scoped_lock lock(mutex_);
  for (const auto& [path, node] : live_)
    if (inode != 0 && node->inode == inode) node->durable = contents(path);
  return {};
}

Result<> FaultyDisk::rename(const fs::path& from, const fs::path& to) {
  if (const int number = next(); number != 0) return fail_path(number, "can't name", to);
  RASTEL_CHECK(real_files().rename(from, to));
  const std::scoped_lock lock(mutex_);
  auto node = live_.extract(from);
  live_.erase(to);
  node.key() = to;
  live_.insert(std::move(node));
  return {};
}

Result<> FaultyDisk::remove(const fs::path& path) {
  if (const int number = next(); number != 0) return fail_path(number, "can't remove", path);
  RASTEL_CHECK(real_files().remove(path));
  const std::scoped_lock lock(mutex_);
  live_.erase(path);
  return {};
}

Result<> FaultyDisk::sync_folder(const fs::path& folder) {
  if (const int number = next(); number != 0) return fail_path(number, "can't fsync", folder);
  if (!fs::is_directory(folder)) return fail_path(ENOENT, "can't open", folder);
  folder_synced(folder);
  return {};
}

Result<bool> FaultyDisk::create_folder(const fs::path& folder) {
  if (const int number = next(); number != 0) return fail_path(number, "can't create", folder);
  RASTEL_TRY(const bool made, real_files().create_folder(folder));
  const std::scoped_lock lock(mutex_);
  if (made) live_[folder] = std::make_shared<Node>(Node{true, {}, 0});
  return made;
}

int FaultyDisk::before(SqliteOperation, const fs::path&) { return next(); }

void FaultyDisk::after(SqliteOperation operation, const fs::path& path) {
  switch (operation) {
    case SqliteOperation::open: {
      const std::scoped_lock lock(mutex_);
      live_.try_emplace(path, std::make_shared<Node>());
      return;
    }
    case SqliteOperation::sync:
      return synced(path);
    case SqliteOperation::remove: {
      const std::scoped_lock lock(mutex_);
      live_.erase(path);
      return;
    }
    case SqliteOperation::sync_folder:
      return folder_synced(path);
    case SqliteOperation::write:
    case SqliteOperation::truncate:
      return;
  }
}

}  // namespace rastel::store
