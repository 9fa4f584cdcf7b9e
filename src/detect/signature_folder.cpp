// SPDX-License-Identifier: GPL-2.0-only
#include "detect/signature_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include <clamav.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace rastel::detect {
namespace {

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

Result<SignatureFolder> look_at_signatures(const SignatureOptions& options) {
  SignatureFolder result;
  RASTEL_TRY(result.files, list_signature_files(options));
  RASTEL_TRY(result.digest, digest_of(result.files));
  unsigned daily = 0;
  for (const auto& path : result.files.databases) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
      return fail_errno(errno, fmt::format("can't look at {}", path.string()));
    const Header header = read_header(path);
    const auto changed = static_cast<std::int64_t>(status.st_mtime);
    result.newest = std::max(result.newest, header.built != 0 ? header.built : changed);
    if (path.stem() == "daily") daily = std::max(daily, header.version);
  }
  result.version = daily != 0 ? fmt::format("{}", daily) : result.digest.substr(0, 12);
  return result;
}

}  // namespace rastel::detect
