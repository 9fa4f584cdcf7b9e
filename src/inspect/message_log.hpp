// SPDX-License-Identifier: GPL-2.0-only
// What became of one message, said once to the log, once to the history and once to the counters: one line a
// message, one a recipient group where actions differ.
#pragma once

#include <chrono>
#include <string>

#include "inspect/counters.hpp"
#include "inspect/inspector.hpp"
#include "store/history.hpp"

namespace rastel::inspect {

struct Story {
  std::string
      reply;  // what the client was told, in short: "554 5.7.1"; LMTP: of the first recipient of the group
  std::string next_hop;    // its address
  std::string next_reply;  // "250 2.0.0 Ok: queued as 4XyZ"; empty: it was not asked
  std::chrono::microseconds receive{}, scan{}, forward{};
  std::string note;  // anything unusual: "client lost", "fail=pass"; may be empty
};

void tell(const Subject& subject, const Outcome& outcome, const Story& story, store::History& history,
          Counters& counters);

}  // namespace rastel::inspect
