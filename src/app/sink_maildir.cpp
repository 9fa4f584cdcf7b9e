// SPDX-License-Identifier: GPL-2.0-only
#include "app/sink_maildir.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/os/file.hpp"

namespace rastel::sink {
namespace {

constexpr std::size_t buffered = 64 * 1024;  // bytes

// Time, process, counter: unique on this machine; the host part is a constant, since nobody shares a sink's
// folder.
std::string new_name() {
  static std::atomic<std::uint64_t> counter = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return fmt::format("{}.M{:06}P{}Q{}.sink", microseconds / 1'000'000, microseconds % 1'000'000, getpid(),
                     ++counter);
}

Result<> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor || fsync(descriptor.get()) != 0) return fail_errno(errno, "can't sync " + folder.string());
  return {};
}

}  // namespace

Result<> create_maildir(const std::filesystem::path& directory) {
  for (const char* part : {"tmp", "new", "cur"}) {
    std::error_code code;
    std::filesystem::create_directories(directory / part, code);
    if (code)
      return fail(ErrorKind::ours, "can't create " + (directory / part).string() + ": " + code.message());
  }
  return {};
}

Result<MaildirFile> MaildirFile::create(const std::filesystem::path& directory) {
  std::string name = new_name();
  const std::filesystem::path path = directory / "tmp" / name;
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "can't create " + path.string());
  return MaildirFile(directory, std::move(name), std::move(file));
}

MaildirFile::~MaildirFile() {
  if (file_) unlink((directory_ / "tmp" / name_).c_str());
}

Result<> MaildirFile::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() < buffered) return {};
  RASTEL_CHECK(os::write_all(file_.get(), buffer_));
  buffer_.clear();
  return {};
}

Result<std::string> MaildirFile::finish() {
  RASTEL_CHECK(os::write_all(file_.get(), buffer_));
  if (fsync(file_.get()) != 0) return fail_errno(errno, "can't sync a message");
  const std::filesystem::path from = directory_ / "tmp" / name_, to = directory_ / "new" / name_;
  if (rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "can't move a message into new/");
  file_.close();
  RASTEL_CHECK(sync_folder(directory_ / "new"));
  return name_;
}

}  // namespace rastel::sink
