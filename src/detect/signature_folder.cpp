// SPDX-License-Identifier: GPL-2.0-only
#include "detect/signature_folder.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <clamav.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/sha256.hpp"

namespace rastel::detect {
namespace {

// libclamav's own list (readdb.h, CLI_DBEXT); everything else in the folder it passes over without a word.
constexpr std::array extensions = std::to_array<std::string_view>(
    {".db",  ".hdb", ".hdu", ".hsb",  ".hsu",  ".fp",  ".sfp",  ".mdb", ".mdu", ".msb",
     ".msu", ".ndb", ".ndu", ".ldb",  ".ldu",  ".sdb", ".zmd",  ".rmd", ".pdb", ".gdb",
     ".wdb", ".cbc", ".ftm", ".cfg",  ".cvd",  ".cld", ".cud",  ".cdb", ".cat", ".crb",
     ".idb", ".ioc", ".yar", ".yara", ".pwdb", ".ign", ".ign2", ".imp"});

bool is_database(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return std::ranges::find(extensions, extension) != extensions.end();
}

bool is_signed_container(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".cvd" || extension == ".cld";
}

struct Header {
  unsigned version = 0;
  std::int64_t built = 0;
};

Header read_header(const std::filesystem::path& path) {
  if (!is_signed_container(path)) return {};
  const std::unique_ptr<cl_cvd, decltype(&cl_cvdfree)> header(cl_cvdhead(path.c_str()), cl_cvdfree);
  if (!header) return {};
  return {.version = header->version, .built = static_cast<std::int64_t>(header->stime)};
}

}  // namespace

Result<SignatureFolder> look_at_signatures(const std::filesystem::path& folder) {
  SignatureFolder result;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return result;
  if (error) {
    return fail(ErrorKind::invalid_input,
                fmt::format("can't read the signature folder {}: {}", folder.string(), error.message()));
  }
  for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (is_database(entry->path())) result.databases.push_back(entry->path());
    if (error) break;
  }
  if (error) {
    return fail(ErrorKind::invalid_input,
                fmt::format("can't read the signature folder {}: {}", folder.string(), error.message()));
  }
  std::ranges::sort(result.databases);

  unsigned daily = 0;
  Sha256 digest;
  for (const auto& path : result.databases) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
      return fail_errno(errno, fmt::format("can't look at {}", path.string()));
    const std::int64_t changed = static_cast<std::int64_t>(status.st_mtime);
    digest.update(fmt::format("{}\n{}\n{}\n", path.filename().string(), status.st_size, changed));
    const Header header = read_header(path);
    result.newest = std::max(result.newest, header.built != 0 ? header.built : changed);
    if (path.stem() == "daily") daily = std::max(daily, header.version);
  }
  if (result.databases.empty()) return result;
  result.digest = digest.finish().hex();
  result.version = daily != 0 ? fmt::format("{}", daily) : result.digest.substr(0, 12);
  return result;
}

}  // namespace rastel::detect
