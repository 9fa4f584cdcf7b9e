// SPDX-License-Identifier: GPL-2.0-only
// One message: what Courier wrote on a connection, and what it is answered, a reply as SMTP has it. Its
// client is still there: what is refused or deferred it is told. Any thread.
#pragma once

#include <chrono>
#include <string>

#include "piping/courier/control.hpp"
#include "piping/options.hpp"

namespace rastel::piping::courier {

struct Reply {
  std::string line;           // "200 Ok", "550 5.7.1 …"; without a line end
  FileDescriptor connection;  // to whom it is reported that the message was taken
};

// Asks, and waits for the answer.
[[nodiscard]] Reply decide(const Options& options, const Paths& paths);
// Without an answer; why is said to the log.
[[nodiscard]] Reply deferral(const std::string& why);

}  // namespace rastel::piping::courier
