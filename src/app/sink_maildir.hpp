// SPDX-License-Identifier: GPL-2.0-only
// A Maildir written as maildir(5) says: the whole message in tmp/, fsynced, then renamed into new/. Blocking;
// `finish` belongs on a pool thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::sink {

// Creates DIRECTORY, tmp/, new/ and cur/ where they are missing.
[[nodiscard]] Result<> create_maildir(const std::filesystem::path& directory);

class MaildirFile {
 public:
  [[nodiscard]] static Result<MaildirFile> create(const std::filesystem::path& directory);
  MaildirFile(MaildirFile&&) noexcept = default;
  MaildirFile& operator=(MaildirFile&&) = delete;
  ~MaildirFile();  // what was not finished is removed from tmp/

  [[nodiscard]] Result<> write(std::string_view bytes);
  [[nodiscard]] Result<std::string> finish();  // its name in new/

 private:
  MaildirFile(std::filesystem::path directory, std::string name, FileDescriptor file)
      : directory_(std::move(directory)), name_(std::move(name)), file_(std::move(file)) {}

  std::filesystem::path directory_;
  std::string name_;
  FileDescriptor file_;
  std::string buffer_;  // at most 64 KiB and what was written at once
};

}  // namespace rastel::sink
