// SPDX-License-Identifier: GPL-2.0-only
// Where the messages of `rastel send` come from.
#include <algorithm>

#include "app/send.hpp"
#include "base/os/file.hpp"
#include "protocol/smtp/address.hpp"
#include "protocol/smtp/line_breaks.hpp"

namespace rastel::send {
namespace {

constexpr std::size_t largest = 1ULL << 30;  // bytes

Result<Load> load_bytes(std::string name, std::string_view bytes, bool as_is) {
  std::string whole;
  smtp::LineBreaks line_breaks(as_is ? smtp::LineBreakPolicy::as_is : smtp::LineBreakPolicy::normalize);
  line_breaks.feed(bytes, whole);
  line_breaks.finish(whole);
  std::error_code code;
  const std::filesystem::path spool = std::filesystem::temp_directory_path(code);
  if (code) return fail(ErrorKind::ours, "no folder for temporary files (TMPDIR): " + code.message());
  Load one;
  one.name = std::move(name);
  one.eight_bit = smtp::has_eight_bit(whole);
  RASTEL_TRY(one.message, message_from_bytes(whole, spool));
  return one;
}

Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_directory(path, code)) return std::vector{path};
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(path, code), end; !code && entry != end;
       entry.increment(code))
    if (entry->is_regular_file(code) && !entry->path().filename().string().starts_with('.'))
      files.push_back(entry->path());
  if (code)
    return fail(ErrorKind::invalid_input, "can't read the folder " + path.string() + ": " + code.message());
  if (files.empty()) return fail(ErrorKind::invalid_input, "no file in " + path.string());
  std::ranges::sort(files);
  return files;
}

}  // namespace

Result<std::vector<Load>> load(const std::vector<std::filesystem::path>& paths, bool as_is) {
  std::vector<Load> all;
  for (const std::filesystem::path& path : paths) {
    RASTEL_TRY(const auto files, files_of(path));
    for (const std::filesystem::path& file : files) {
      RASTEL_TRY(const std::string bytes, os::read_file(file, largest));
      RASTEL_TRY(Load one, load_bytes(file.string(), bytes, as_is));
      all.push_back(std::move(one));
    }
  }
  return all;
}

Result<Load> built_in_message() {
  return load_bytes("built-in",
                    "From: Sender <sender@example.org>\r\nTo: Recipient <recipient@example.com>\r\n"
                    "Subject: A message of rastel send\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
                    "Message-ID: <1@send.invalid>\r\n\r\nNothing is wrong with this message.\r\n",
                    true);
}

}  // namespace rastel::send
