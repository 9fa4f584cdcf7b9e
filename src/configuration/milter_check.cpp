// SPDX-License-Identifier: GPL-2.0-only
#include "configuration/milter_check.hpp"

#include <fmt/format.h>

namespace rastel {

void look_at_milter(const MilterDoorOptions& door, std::vector<std::string>& warnings) {
  if (door.listen.kind == Endpoint::Kind::inet && !is_loopback(door.listen.host))
    warnings.push_back(fmt::format(
        "door \"{}\": the milter protocol is in clear and knows no login: whoever reaches {} may have "
        "mail held in anybody's name; listen on a unix socket or 127.0.0.1",
        door.name, to_string(door.listen)));
  // Sendmail's T=E:5m is the whole of what there is, whatever is said meanwhile (PROTOCOLS B-21).
  if (door.reply_deadline > std::chrono::minutes(4))
    warnings.push_back(fmt::format(
        "door \"{}\": reply_deadline is {}: Sendmail waits 5 minutes in all (T=E:5m), Postfix's clients "
        "often no longer; then they come again with the same message",
        door.name, to_string(door.reply_deadline)));
  if (door.fail == DoorFailure::pass)
    warnings.push_back(fmt::format(
        "door \"{}\": fail = \"pass\" lets mail through unscanned while nothing can be scanned", door.name));
}

}  // namespace rastel
