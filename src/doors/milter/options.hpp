// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/options.hpp"
#include "base/units.hpp"
#include "inspect/door_options.hpp"
#include "verdict/envelope.hpp"

namespace rastel {

inline constexpr std::uint32_t most_milter_recipients = 4'000;

struct MilterDoorOptions {
  std::string name;            // required
  Endpoint listen;             // required
  FileMode socket_mode{0660};  // for unix sockets
  std::string socket_group;    // likewise; empty: the daemon's
  Place place = Place::before_queue;
  DoorFailure fail = DoorFailure::defer;
  Duration reply_deadline{std::chrono::seconds(80)};
  bool header = true;
  std::uint32_t max_sessions = 1000;
  std::uint32_t max_recipients = 1000;
  std::uint32_t max_hops = 50;                        // Received: lines, PROTOCOLS A-39
  Duration idle_timeout{std::chrono::seconds(7210)};  // libmilter's
};

template <>
struct Rows<MilterDoorOptions> {
  static constexpr std::tuple rows{
      Option{"name", &MilterDoorOptions::name, Required{"milter"},
             "Names the door in log, history and rules."},
      Option{"listen", &MilterDoorOptions::listen, Required{"unix:/run/rastel/milter.sock"},
             "Where the door listens; for a Postfix in a chroot below /var/spool/postfix."},
      Option{"socket_mode", &MilterDoorOptions::socket_mode, "Permissions of a unix socket."},
      Option{"socket_group", &MilterDoorOptions::socket_group,
             "The group of a unix socket: the mail server's (postfix; Sendmail connects as root); empty: the "
             "daemon's."},
      Option{"place", &MilterDoorOptions::place,
             "before-queue, outbound for a server that takes mail from own clients, after-queue where a "
             "refusal would bounce (Postfix's non_smtpd_milters)."},
      Option{"fail", &MilterDoorOptions::fail,
             "When nothing can be scanned: defer, or pass (logged and counted a message)."},
      Option{"reply_deadline", &MilterDoorOptions::reply_deadline, Duration(100), Duration(3600'000),
             "The mail server is answered by then; below Sendmail's T=E:5m and its client's patience."},
      Option{"header", &MilterDoorOptions::header,
             "Put the X-Rastel line on top; false towards the Internet."},
      Option{"max_sessions", &MilterDoorOptions::max_sessions, 1U, 10'000U,
             "Connections of mail servers at a time; those beyond wait until one leaves."},
      Option{"max_recipients", &MilterDoorOptions::max_recipients, 1U, most_milter_recipients,
             "Recipients a message; others are refused. After the queue none can be: there it is 4000, and "
             "with more the message is deferred."},
      Option{"max_hops", &MilterDoorOptions::max_hops, 1U, 1'000U,
             "Received: lines above which a message loops."},
      Option{"idle_timeout", &MilterDoorOptions::idle_timeout, Duration(10'000), Duration(24 * 3600'000),
             "How long a mail server may say nothing; it does while its client does."}};
};

}  // namespace rastel
