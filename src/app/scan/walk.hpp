// SPDX-License-Identifier: GPL-2.0-only
// Which files below a folder are mail. Blocking; any thread; keeps one folder's names at a time, and those of
// the folders still to come.
//
// Every ordinary file is, whatever its name, but in a Maildir (a folder with cur/ and new/), where only cur/
// and new/ hold messages: tmp/ has what is still being delivered, and the files beside are the mail server's
// notes. Symbolic links are not followed (a loop, or a way out of the folder); sockets, pipes and devices are
// passed over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace rastel::scan {

struct Walk {
  std::function<bool(const std::filesystem::path& file)> on_file;  // in the order of names; false: enough
  std::function<void(std::string what)> on_trouble;                // a folder that can't be read
};

void walk(const std::filesystem::path& folder, const Walk& with);

}  // namespace rastel::scan
