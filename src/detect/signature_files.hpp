// SPDX-License-Identifier: GPL-2.0-only
// Which files make up the signatures ([signatures] directory and yara), whether one of them has changed, and
// a digest of what stands in them. Nothing is interpreted: also for a process that must not read databases by
// libclamav. Any thread; digest_of() reads everything (200 MiB in a second, about).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "detect/options.hpp"

namespace rastel::detect {

struct SignatureFiles {
  std::vector<std::filesystem::path> databases;  // of the folder: sorted; what libclamav would load of it
  std::vector<std::filesystem::path> rules;      // of YARA: sorted, each once
  // Changes with every name, size, time, owner or link of a file; two equal ones: nothing has happened.
  std::string stamp;
  [[nodiscard]] bool empty() const { return databases.empty() && rules.empty(); }
};

// A folder that isn't there is an empty one; one that can't be read, and a file of rules that is named but
// isn't there, is invalid_input.
[[nodiscard]] Result<SignatureFiles> list_signature_files(const SignatureOptions& options);

// SHA-256 (hex) over names and contents; "" when there is no file.
[[nodiscard]] Result<std::string> digest_of(const SignatureFiles& files);

// The folders in which a change would be seen.
[[nodiscard]] std::vector<std::filesystem::path> folders_of(const SignatureOptions& options);

}  // namespace rastel::detect
