// SPDX-License-Identifier: GPL-2.0-only
#include "store/message_files.hpp"

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/identifier.hpp"

namespace rastel::store {
namespace {

constexpr std::size_t block = 256 * 1024;  // bytes copied at a time
constexpr std::string_view final_ending = ".eml";
constexpr std::string_view temporary_ending = ".tmp";
constexpr std::size_t id_length = 16;

using OpenFolder = std::unique_ptr<DIR, int (*)(DIR*)>;

// Mail of other people: whoever made the folder, only its owner may look in.
Result<> close_to_others(const std::filesystem::path& folder) {
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) return fail_path(errno, "can't open", folder);
  if (!S_ISDIR(status.st_mode)) return fail_path(ENOTDIR, "can't use", folder);
  if ((status.st_mode & 077) != 0 && chmod(folder.c_str(), 0700) != 0)
    return fail_path(errno, "can't close to other users", folder);
  return {};
}

// "ID.eml" or "ID.RANDOM.tmp"; nothing for other names.
std::optional<MessageFiles::Found> parse(const std::filesystem::path& folder, const std::string& file) {
  const std::string_view name = file;
  if (!is_message_id(name.substr(0, id_length))) return std::nullopt;
  const std::string_view rest = name.substr(id_length);
  const std::string id(name.substr(0, id_length));
  if (rest == final_ending) return MessageFiles::Found{id, false, folder / file};
  const bool temporary = rest.size() == 1 + id_length + temporary_ending.size() && rest.front() == '.' &&
                         is_message_id(rest.substr(1, id_length)) && rest.ends_with(temporary_ending);
  if (temporary) return MessageFiles::Found{id, true, folder / file};
  return std::nullopt;
}

}  // namespace

MessageFiles::MessageFiles(std::filesystem::path folder, DurableFiles& files)
    : folder_(std::move(folder)), files_(files) {}

std::filesystem::path MessageFiles::folder_of(const std::string& id) const {
  return folder_ / id.substr(0, 2);
}

std::filesystem::path MessageFiles::path_of(const std::string& id) const {
  return folder_of(id) / (id + std::string(final_ending));
}

Result<> MessageFiles::prepare() {
  RASTEL_CHECK(ensure_folder(files_, folder_));
  RASTEL_CHECK(close_to_others(folder_));
  RASTEL_TRY(const auto existing, folders());
  for (const std::filesystem::path& folder : existing) RASTEL_CHECK(close_to_others(folder));
  // Whatever is there already: a crash may have left it made but not durable.
  RASTEL_CHECK(files_.sync_folder(folder_));
  const std::filesystem::path parent = folder_.parent_path();
  RASTEL_CHECK(files_.sync_folder(parent.empty() ? std::filesystem::path(".") : parent));
  const std::scoped_lock lock(mutex_);
  durable_folders_.insert(existing.begin(), existing.end());
  return {};
}

Result<> MessageFiles::ensure_folder_of(const std::string& id) {
  const std::filesystem::path folder = folder_of(id);
  const std::scoped_lock lock(mutex_);
  if (durable_folders_.contains(folder)) return {};
  RASTEL_CHECK(files_.create_folder(folder));
  RASTEL_CHECK(files_.sync_folder(folder_));
  durable_folders_.insert(folder);
  return {};
}

Result<> MessageFiles::write_temporary(const std::filesystem::path& path, const Message& message) {
  RASTEL_TRY(const FileDescriptor file, files_.create(path));
  for (std::uint64_t offset = 0; offset < message.size(); offset += block) {
    RASTEL_TRY(const std::string bytes, message.read_at(offset, block));
    if (auto written = files_.write(file.get(), bytes); !written) {
      written.error().what += " " + path.native();
      return written;
    }
  }
  return files_.sync(file.get());
}

Result<> MessageFiles::write(const std::string& id, const Message& message) {
  RASTEL_CHECK(ensure_folder_of(id));
  // A name of its own for each attempt: a leftover of an earlier one is never in the way.
  const std::filesystem::path temporary =
      folder_of(id) / fmt::format("{}.{}{}", id, new_message_id(), temporary_ending);
  auto result = write_temporary(temporary, message);
  if (result) result = files_.rename(temporary, path_of(id));
  if (!result) {
    (void)files_.remove(temporary);  // what stays is an orphan: purge removes it
    return result;
  }
  return files_.sync_folder(folder_of(id));
}

Result<FileDescriptor> MessageFiles::open(const std::string& id, std::uint64_t size) const {
  const std::filesystem::path path = path_of(id);
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT)
    return fail(ErrorKind::ours,
                fmt::format("{} is gone though its row is there; restore it from a backup or delete "
                            "the entry",
                            path.native()));
  if (!file) return fail_path(errno, "can't open", path);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return fail_path(errno, "can't look at", path);
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != size)
    return fail(ErrorKind::ours, fmt::format("{} has {} bytes instead of {}: somebody changed it",
                                             path.native(), status.st_size, size));
  return file;
}

bool MessageFiles::intact(const std::string& id, std::uint64_t size) const {
  struct stat status{};
  return lstat(path_of(id).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == size;
}

Result<> MessageFiles::remove(const std::string& id) { return files_.remove(path_of(id)); }

Result<std::vector<std::filesystem::path>> MessageFiles::folders() const {
  const OpenFolder opened(opendir(folder_.c_str()), closedir);
  if (opened == nullptr) return fail_path(errno, "can't list", folder_);
  std::vector<std::filesystem::path> found;
  while (const dirent* entry = readdir(opened.get()))
    if (std::string_view(entry->d_name).size() == 2 && is_message_id(std::string(14, '0') + entry->d_name))
      found.push_back(folder_ / entry->d_name);
  return found;
}

Result<std::vector<MessageFiles::Found>> MessageFiles::files_of(
    const std::filesystem::path& folder, std::chrono::system_clock::time_point older_than) const {
  const OpenFolder opened(opendir(folder.c_str()), closedir);
  if (opened == nullptr) return fail_path(errno, "can't list", folder);
  const std::time_t limit = std::chrono::system_clock::to_time_t(older_than);
  std::vector<Found> found;
  while (const dirent* entry = readdir(opened.get())) {
    auto file = parse(folder, entry->d_name);
    if (!file) continue;
    struct stat status{};
    if (fstatat(dirfd(opened.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;  // gone meanwhile
    if (S_ISREG(status.st_mode) && status.st_mtime < limit) found.push_back(std::move(*file));
  }
  return found;
}

}  // namespace rastel::store
