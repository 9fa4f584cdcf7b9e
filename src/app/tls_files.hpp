// SPDX-License-Identifier: GPL-2.0-only
// The files that doors need for TLS, read by whoever may read them (the master as root, `config check`), with
// all that is wrong with them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "configuration/configuration.hpp"

namespace rastel {

struct TlsFiles {
  std::map<std::string, std::string> bytes;  // by path
  std::vector<std::string> remarks;          // what works but is probably not meant
};

// Reads and tries them. Errors name door, option and file.
[[nodiscard]] Result<TlsFiles> read_tls_files(const Configuration& configuration);

}  // namespace rastel
