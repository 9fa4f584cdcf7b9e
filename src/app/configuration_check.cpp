// SPDX-License-Identifier: GPL-2.0-only
// What single values can't show: what contradicts itself, and what is probably not meant.
#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "app/configuration.hpp"

namespace rastel {
namespace {

using Problems = std::vector<std::string>;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '_' || character == '.';
  });
}

bool strips(const std::optional<Action>& action) { return action == Action::strip; }

void check_doors(const Configuration& configuration, Problems& problems) {
  std::set<std::string> names;
  std::set<std::string> listens;
  for (const SmtpDoorOptions& door : configuration.door.smtp) {
    if (!is_name(door.name))
      problems.push_back(fmt::format("[[door.smtp]] needs a name of letters, digits, '-', '_' and '.', not \"{}\"", door.name));
    if (!names.insert(door.name).second) problems.push_back(fmt::format("two doors are named \"{}\"", door.name));
    if (door.listen.kind == Endpoint::Kind::none)
      problems.push_back(fmt::format("door \"{}\" needs listen, e.g. \"127.0.0.1:10025\"", door.name));
    if (door.next_hop.endpoint.kind == Endpoint::Kind::none)
      problems.push_back(fmt::format("door \"{}\" needs next_hop, e.g. \"127.0.0.1:10026\"", door.name));
    if (door.listen.kind != Endpoint::Kind::none && !listens.insert(to_string(door.listen)).second)
      problems.push_back(fmt::format("two doors listen on {}", to_string(door.listen)));
    if (door.protocol == DoorProtocol::lmtp && door.listen.kind == Endpoint::Kind::inet && door.listen.port == 25)
      problems.push_back(fmt::format("door \"{}\": LMTP must not be spoken on port 25 (RFC 2033)", door.name));
  }
  if (configuration.http.listen.kind != Endpoint::Kind::none && !listens.insert(to_string(configuration.http.listen)).second)
    problems.push_back(fmt::format("[http] and a door both listen on {}", to_string(configuration.http.listen)));
  for (const SmtpDoorOptions& door : configuration.door.smtp)
    if (listens.contains(to_string(door.next_hop.endpoint)))
      problems.push_back(fmt::format("door \"{}\": its next_hop {} is one of our own doors: mail would go round in a circle",
                                     door.name, to_string(door.next_hop)));
  if (listens.size() > 200) problems.push_back("more than 200 addresses to listen on");
}

void check_policy(const PolicyOptions& policy, Problems& problems) {
  bool any = strips(policy.infected) || strips(policy.suspicious) || strips(policy.encrypted);
  for_each_row<UnscannedActions>([&](const auto& row) { any = any || strips(policy.unscanned.*(row.member)); });
  for (const PolicyRule& rule : policy.rules) {
    any = any || strips(rule.infected) || strips(rule.suspicious) || strips(rule.encrypted);
    for_each_row<UnscannedRule>([&](const auto& row) { any = any || strips(rule.unscanned.*(row.member)); });
  }
  if (any) problems.push_back("[policy]: strip is not there yet; use quarantine, reject, tag, discard, defer or pass");
}

}  // namespace

std::vector<std::string> contradictions(const Configuration& configuration) {
  Problems problems;
  check_doors(configuration, problems);
  check_policy(configuration.policy, problems);
  for (const auto& [name, path] : {std::pair{"site.run_directory", configuration.site.run_directory},
                                   std::pair{"store.directory", configuration.store.directory},
                                   std::pair{"signatures.directory", configuration.signatures.directory}})
    if (!path.starts_with('/')) problems.push_back(fmt::format("{}: want an absolute path, not \"{}\"", name, path));
  if (configuration.site.run_directory.size() > 90)
    problems.push_back("site.run_directory is too long for a unix socket in it (at most 90 bytes)");
  return problems;
}

std::vector<std::string> warnings(const Configuration& configuration) {
  Problems problems;
  std::error_code code;
  if (!std::filesystem::is_directory(configuration.signatures.directory, code))
    problems.push_back(fmt::format("signatures.directory {} does not exist: install freshclam (Debian: clamav-freshclam), "
                                   "or only the built-in test signatures are looked for",
                                   configuration.signatures.directory));
  if (configuration.door.smtp.empty()) problems.push_back("no door is configured: no mail will come in");
  if (configuration.store.release.endpoint.kind == Endpoint::Kind::none && !configuration.door.smtp.empty())
    problems.push_back("store.release is not set: held mail can't be released");
  for (const SmtpDoorOptions& door : configuration.door.smtp) {
    if (door.fail == DoorFailure::pass)
      problems.push_back(fmt::format("door \"{}\": fail = \"pass\" lets mail through unscanned when the scanner is away", door.name));
    if (door.reply_deadline && *door.reply_deadline > configuration.engine.deadline)
      problems.push_back(fmt::format("door \"{}\": reply_deadline is beyond engine.deadline", door.name));
  }
  return problems;
}

}  // namespace rastel
