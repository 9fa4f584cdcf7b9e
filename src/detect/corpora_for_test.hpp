// SPDX-License-Identifier: GPL-2.0-only
// Test mail of other projects (message/corpora_for_test.hpp), as this floor wants it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/os/file.hpp"
#include "message/corpora_for_test.hpp"

namespace rastel::detect {

using message::unpack_for_test;

// ClamAV's own test files: containers and packers around one 544-byte program, found by the one signature in
// `signature`. They are XOR-ed with a text of 160 letters, which shows where an ISO image begins: with zeros.
struct ClamavFilesForTest {
  std::filesystem::path signature;
  std::vector<std::pair<std::string, std::string>> files;  // name, bytes
};

inline ClamavFilesForTest clamav_files_for_test(const std::filesystem::path& unpacked) {
  const auto input = unpacked / "clamav-testfiles" / "unit_tests" / "input";
  const auto content = [](const std::filesystem::path& path) {
    return os::read_file(path, 16 << 20).value_or("");
  };
  ClamavFilesForTest found{input / "clamav.hdb", {}};
  const std::string key = content(input / "clamav_hdb_scanfiles" / "clam.iso.xor").substr(0, 160);
  if (key.empty()) return found;
  for (const auto& entry : std::filesystem::directory_iterator(input / "clamav_hdb_scanfiles")) {
    std::string bytes = content(entry.path());
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(bytes[i] ^ key[i % key.size()]);
    found.files.emplace_back(entry.path().stem().string(), std::move(bytes));
  }
  return found;
}

}  // namespace rastel::detect
