// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/walk.hpp"

#include <algorithm>
#include <system_error>
#include <vector>

#include "base/utf8.hpp"

namespace rastel::scan {
namespace {

namespace fs = std::filesystem;

struct Folder {
  std::vector<fs::path> files, folders;
};

bool lists(const std::vector<fs::path>& folders, const char* name) {
  return std::ranges::any_of(folders, [name](const fs::path& path) { return path.filename() == name; });
}

Folder look_into(const fs::path& folder, const Walk& with) {
  Folder found;
  std::error_code code;
  fs::directory_iterator entries(folder, code);
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    std::error_code vanished;
    const fs::file_type type = entries->symlink_status(vanished).type();
    if (type == fs::file_type::directory) found.folders.push_back(entries->path());
    if (type == fs::file_type::regular) found.files.push_back(entries->path());
  }
  if (code) with.on_trouble("can't read the folder " + printable(folder.native()) + ": " + code.message());
  if (lists(found.folders, "cur") && lists(found.folders, "new")) {
    found.files.clear();
    std::erase_if(found.folders, [](const fs::path& path) { return path.filename() == "tmp"; });
  }
  std::ranges::sort(found.files);
  std::ranges::sort(found.folders, std::greater());  // taken from the back
  return found;
}

}  // namespace

void walk(const fs::path& folder, const Walk& with) {
  std::vector<fs::path> waiting{folder};
  while (!waiting.empty()) {
    const fs::path next = std::move(waiting.back());
    waiting.pop_back();
    const Folder found = look_into(next, with);
    for (const fs::path& file : found.files)
      if (!with.on_file(file)) return;
    waiting.insert(waiting.end(), found.folders.begin(), found.folders.end());
  }
}

}  // namespace rastel::scan
