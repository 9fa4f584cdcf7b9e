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

struct PipeDoorOptions {
  std::string name;            // required
  Endpoint listen;             // required; a unix socket
  FileMode socket_mode{0666};  // its clients run as the recipients
  Place place = Place::after_queue;
  DoorFailure fail = DoorFailure::defer;
  Duration reply_deadline{std::chrono::seconds(200)};  // the programs wait for 240 s
  bool header = true;
  std::uint32_t max_sessions = 1000;
  std::uint32_t max_sessions_per_user = 100;
  std::uint32_t max_recipients = 1000;
};

template <>
struct Rows<PipeDoorOptions> {
  static constexpr std::tuple rows{
      Option{"name", &PipeDoorOptions::name, Required{"pipe"}, "Names the door in log, history and rules."},
      Option{"listen", &PipeDoorOptions::listen, Required{"unix:/run/rastel/pipe.sock"},
             "Where rastel-deliver and its like find the door: a unix socket."},
      Option{"socket_mode", &PipeDoorOptions::socket_mode,
             "Permissions of the socket; the programs run as the recipients."},
      Option{"place", &PipeDoorOptions::place,
             "after-queue, where what is refused would bounce; before-queue for a qmail-queue whose caller "
             "still has its client; outbound for mail of own clients."},
      Option{"fail", &PipeDoorOptions::fail,
             "When nothing can be scanned: defer, or pass (logged and counted a message)."},
      Option{"reply_deadline", &PipeDoorOptions::reply_deadline, Duration(100), Duration(3600'000),
             "The programs are answered by then; below their --timeout (240 s)."},
      Option{"header", &PipeDoorOptions::header, "Put the X-Rastel line on top."},
      Option{"max_sessions", &PipeDoorOptions::max_sessions, 1U, 10'000U,
             "Programs at a time, those whose delivery is under way among them; others wait until one ends."},
      Option{"max_sessions_per_user", &PipeDoorOptions::max_sessions_per_user, 1U, 10'000U,
             "Programs of one user that wait for an answer; others are told to come again in a moment."},
      Option{"max_recipients", &PipeDoorOptions::max_recipients, 1U, 20'000U,
             "Recipients a message; with more it is deferred."}};
};

}  // namespace rastel
