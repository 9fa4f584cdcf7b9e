// SPDX-License-Identifier: GPL-2.0-only
// What lies in a folder of ClamAV databases, without loading it. Start-up only; may throw std::bad_alloc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rastel::detect {

struct SignatureFolder {
  std::vector<std::filesystem::path> databases;  // sorted; what libclamav would load of it by its name
  std::string version;      // daily's version, else the digest's first 12 digits; "" if empty
  std::string digest;       // SHA-256 (hex) of names, sizes and modification times
  std::int64_t newest = 0;  // Unix time: of the CVD's build, else of the file's last change
};

// A folder that isn't there is an empty one; one that can't be read is invalid_input.
[[nodiscard]] Result<SignatureFolder> look_at_signatures(const std::filesystem::path& folder);

}  // namespace rastel::detect
