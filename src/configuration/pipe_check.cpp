// SPDX-License-Identifier: GPL-2.0-only
#include "configuration/pipe_check.hpp"

#include <fmt/format.h>

namespace rastel {

void check_pipe(const PipeDoorOptions& door, const std::string& where, std::vector<Problem>& problems) {
  if (door.listen.kind != Endpoint::Kind::unix_socket)
    problems.push_back({where + "listen",
                        fmt::format("door \"{}\": listen: want a unix socket: over TCP neither a message's "
                                    "descriptor nor a user comes along",
                                    door.name)});
}

void look_at_pipe(const PipeDoorOptions& door, std::vector<std::string>& warnings) {
  if ((door.socket_mode.value & 06) != 06)
    warnings.push_back(fmt::format(
        "door \"{}\": socket_mode {:04o}: the programs run as the recipients; those who can't connect have "
        "their mail deferred",
        door.name, door.socket_mode.value));
  // The programs ask for 7/8 of their --timeout.
  if (door.reply_deadline > std::chrono::seconds(205))
    warnings.push_back(fmt::format(
        "door \"{}\": reply_deadline is {}, but the programs wait for 210 s: raise their --timeout, "
        "or mail will be scanned and sent again",
        door.name, to_string(door.reply_deadline)));
  if (door.place == Place::before_queue)
    warnings.push_back(
        fmt::format("door \"{}\": place = \"before-queue\": what is refused is bounced by a mail server that "
                    "has accepted "
                    "it, to a sender who may be forged; it is for a qmail-queue that qmail-smtpd calls",
                    door.name));
  if (door.fail == DoorFailure::pass)
    warnings.push_back(fmt::format(
        "door \"{}\": fail = \"pass\" lets mail through unscanned while nothing can be scanned", door.name));
}

}  // namespace rastel
