// SPDX-License-Identifier: GPL-2.0-only
#include "detect/signature_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "base/sha256.hpp"

namespace rastel::detect {
namespace {

namespace fs = std::filesystem;

// libclamav's own list (readdb.h, CLI_DBEXT); everything else in the folder it passes over without a word.
constexpr std::array database_extensions = std::to_array<std::string_view>(
    {".db",  ".hdb", ".hdu", ".hsb",  ".hsu",  ".fp",  ".sfp",  ".mdb", ".mdu", ".msb",
     ".msu", ".ndb", ".ndu", ".ldb",  ".ldu",  ".sdb", ".zmd",  ".rmd", ".pdb", ".gdb",
     ".wdb", ".cbc", ".ftm", ".cfg",  ".cvd",  ".cld", ".cud",  ".cdb", ".cat", ".crb",
     ".idb", ".ioc", ".yar", ".yara", ".pwdb", ".ign", ".ign2", ".imp"});
constexpr std::array rule_extensions = std::to_array<std::string_view>({".yar", ".yara"});

// Files of `folder` (not of folders in it) that end in one of `extensions`.
Result<std::vector<fs::path>> files_in(const fs::path& folder, std::string_view what, auto& extensions) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return found;
  while (!error && entry != fs::directory_iterator()) {
    const std::string extension = entry->path().extension().string();
    if (std::ranges::find(extensions, extension) != extensions.end()) found.push_back(entry->path());
    entry.increment(error);
  }
  if (error) {
    return fail(ErrorKind::invalid_input,
                fmt::format("can't read the {} {}: {}", what, folder.string(), error.message()));
  }
  return found;
}

// A file that goes away between the listing and this look has changed: the next look sees it.
void add_stamp(std::string& stamp, const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) status = {};
  stamp += fmt::format("{}\n{} {} {} {}.{} {}.{}\n", path.string(), status.st_dev, status.st_ino,
                       status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                       status.st_ctim.tv_nsec);
}

Result<> add_content(Sha256& digest, const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_errno(errno, "can't read the signatures in " + path.string());
  Sha256 content;
  std::string piece(256 * 1024, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "can't read the signatures in " + path.string());
    if (got == 0) break;
    content.update(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
  }
  digest.update(fmt::format("{}\n{}\n", path.filename().string(), content.finish().hex()));
  return {};
}

}  // namespace

Result<SignatureFiles> list_signature_files(const SignatureOptions& options) {
  SignatureFiles files;
  RASTEL_TRY(files.databases, files_in(options.directory, "signature folder", database_extensions));
  std::ranges::sort(files.databases);
  for (const std::string& named : options.yara) {
    std::error_code error;
    if (fs::is_directory(named, error)) {
      RASTEL_TRY(auto rules, files_in(named, "folder of YARA rules", rule_extensions));
      files.rules.insert(files.rules.end(), rules.begin(), rules.end());
    } else if (fs::exists(named, error)) {
      files.rules.emplace_back(named);
    } else {
      return fail(ErrorKind::invalid_input, "[signatures] yara: there is no file or folder " + named);
    }
  }
  std::ranges::sort(files.rules);
  const auto repeated = std::ranges::unique(files.rules);
  files.rules.erase(repeated.begin(), repeated.end());
  for (const auto& path : files.databases) add_stamp(files.stamp, path);
  files.stamp += "rules\n";
  for (const auto& path : files.rules) add_stamp(files.stamp, path);
  return files;
}

Result<std::string> digest_of(const SignatureFiles& files) {
  if (files.empty()) return std::string();
  Sha256 digest;
  for (const auto& path : files.databases) RASTEL_CHECK(add_content(digest, path));
  digest.update("rules\n");
  for (const auto& path : files.rules) RASTEL_CHECK(add_content(digest, path));
  return digest.finish().hex();
}

std::vector<fs::path> folders_of(const SignatureOptions& options) {
  std::vector<fs::path> folders{options.directory};
  for (const std::string& named : options.yara) {
    std::error_code error;
    const fs::path path(named);
    folders.push_back(fs::is_directory(path, error) ? path : path.parent_path());
  }
  std::ranges::sort(folders);
  const auto repeated = std::ranges::unique(folders);
  folders.erase(repeated.begin(), repeated.end());
  return folders;
}

}  // namespace rastel::detect
