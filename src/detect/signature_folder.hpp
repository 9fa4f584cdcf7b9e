// SPDX-License-Identifier: GPL-2.0-only
// What the signatures are, without loading them: version and age by the headers of the databases, by
// libclamav. While loading only; may throw std::bad_alloc.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "detect/signature_files.hpp"

namespace rastel::detect {

struct SignatureFolder {
  SignatureFiles files;
  std::string version;      // daily's version, else the digest's first 12 digits; "" if empty
  std::string digest;       // SHA-256 (hex) of names and contents
  std::int64_t newest = 0;  // Unix time: of the CVD's build, else of the file's last change
};

// Errors as list_signature_files(); a file that can't be read too.
[[nodiscard]] Result<SignatureFolder> look_at_signatures(const SignatureOptions& options);

}  // namespace rastel::detect
