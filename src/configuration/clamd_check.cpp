// SPDX-License-Identifier: GPL-2.0-only
#include "configuration/clamd_check.hpp"

#include <fmt/format.h>

namespace rastel {

void check_clamd(const ClamdDoorOptions& door, const std::string& where, std::vector<Problem>& problems) {
  const auto problem = [&](std::string_view option, std::string_view what) {
    problems.push_back(
        {where + std::string(option), fmt::format("door \"{}\": {}: {}", door.name, option, what)});
  };
  for (const std::string& folder : door.scan_folders)
    if (!folder.starts_with('/'))
      problem("scan_folders", fmt::format("want absolute paths, not \"{}\"", folder));
  if (door.listen.kind == Endpoint::Kind::unix_socket) return;
  if (!door.scan_folders.empty())
    problem("scan_folders",
            "over TCP nobody may name files of this machine; listen on a unix socket, or leave them out");
  if (door.reload)
    problem("reload",
            "over TCP nobody may have the signatures loaded; listen on a unix socket, or leave it out");
}

namespace {

bool lies_in(std::string_view path, std::string_view folder) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

void look_at_clamd(const ClamdDoorOptions& door, const std::string& store,
                   std::vector<std::string>& warnings) {
  if (door.listen.kind == Endpoint::Kind::inet && !is_loopback(door.listen.host))
    warnings.push_back(fmt::format(
        "door \"{}\": clamd's protocol is in clear and knows no login: whoever reaches {} may have "
        "anything scanned; listen on a unix socket or 127.0.0.1",
        door.name, to_string(door.listen)));
  for (const std::string& folder : door.scan_folders)
    if (lies_in(store, folder) || lies_in(folder, store))
      warnings.push_back(fmt::format(
          "door \"{}\": scan_folders has \"{}\", where its clients reach the quarantine too ({}): "
          "they learn what is found in held mail",
          door.name, folder, store));
}

}  // namespace rastel
