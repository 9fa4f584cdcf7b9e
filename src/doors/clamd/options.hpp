// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/units.hpp"

namespace rastel {

enum class ClamdFindings { policy, signatures };  // what is answered FOUND

struct ClamdDoorOptions {
  std::string name;                       // required
  Endpoint listen;                        // required
  FileMode socket_mode{0660};             // for unix sockets
  std::vector<std::string> scan_folders;  // empty: no SCAN
  bool reload = false;
  ClamdFindings findings = ClamdFindings::signatures;
  Duration reply_deadline{std::chrono::seconds(80)};
  std::uint32_t max_sessions = 200;
  Duration idle_timeout{std::chrono::seconds(120)};  // clamd's ReadTimeout
};

template <>
struct Names<ClamdFindings> {
  static constexpr std::array names{std::pair{std::string_view("policy"), ClamdFindings::policy},
                                    std::pair{std::string_view("signatures"), ClamdFindings::signatures}};
};

template <>
struct Rows<ClamdDoorOptions> {
  static constexpr std::tuple rows{
      Option{"name", &ClamdDoorOptions::name, Required{"clamd"}, "Names the door in log, history and rules."},
      Option{"listen", &ClamdDoorOptions::listen, Required{"unix:/run/rastel/clamd.sock"},
             "Where the door listens; over TCP there is no SCAN and no RELOAD."},
      Option{"socket_mode", &ClamdDoorOptions::socket_mode, "Permissions of a unix socket."},
      Option{"scan_folders", &ClamdDoorOptions::scan_folders,
             "Folders beneath which SCAN, CONTSCAN, MULTISCAN and ALLMATCHSCAN may name files that the "
             "daemon's user can read; none: these commands are refused."},
      Option{"reload", &ClamdDoorOptions::reload, "Whether RELOAD has the signatures looked at anew."},
      Option{"findings", &ClamdDoorOptions::findings,
             "What is answered FOUND: only what clamd itself would find (signatures), or all that policy "
             "doesn't "
             "let pass (policy), for clients that hand in whole messages."},
      Option{"reply_deadline", &ClamdDoorOptions::reply_deadline, Duration(100), Duration(3600'000),
             "The scanner has an answer by then, or the client is told ERROR; for each file of a folder."},
      Option{"max_sessions", &ClamdDoorOptions::max_sessions, 1U, 10'000U,
             "Clients at a time; those beyond wait until one leaves."},
      Option{"idle_timeout", &ClamdDoorOptions::idle_timeout, Duration(1'000), Duration(3600'000),
             "How long a client may take for a command; for a stream, and 2 ms more a byte."}};
};

}  // namespace rastel
