// SPDX-License-Identifier: GPL-2.0-only
// Test mail of other projects. It isn't part of this one: $RASTEL_CORPORA, or ../shared/corpora beside the
// checkout; a test that wants it skips with a reason where it is absent.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rastel::message {

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

}  // namespace rastel::message
