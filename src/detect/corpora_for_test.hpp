// SPDX-License-Identifier: GPL-2.0-only
// Test mail of other projects. It isn't part of this one: $RASTEL_CORPORA, or ../shared/corpora beside the
// checkout; a test that wants it skips with a reason where it is absent.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/file.hpp"

namespace rastel::detect {

inline std::filesystem::path corpora_for_test() {
  if (const char* folder = std::getenv("RASTEL_CORPORA"); folder != nullptr) return folder;
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  return root.parent_path() / "shared" / "corpora";
}

// Unpacks NAME.tar.xz of the corpora into the folder; an empty string, or why a test has to skip.
inline std::string unpack_for_test(const std::string& name, const std::filesystem::path& folder) {
  const auto archive = corpora_for_test() / (name + ".tar.xz");
  if (!std::filesystem::exists(archive)) return "no test mail from elsewhere at " + archive.string();
  std::string arguments[] = {"tar", "xJf", archive.string(), "-C", folder.string()};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t process = 0;
  int status = -1;
  if (posix_spawnp(&process, "tar", nullptr, nullptr, pointers.data(), environ) == 0 &&
      waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return {};
  return "tar or xz is missing, or can't unpack " + archive.string();
}

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
