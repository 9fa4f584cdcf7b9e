// SPDX-License-Identifier: GPL-2.0-only
// The daemon's answer to one message: PROTOCOLS F-21, F-22. A daemon that isn't there, or goes in the middle,
// is asked three times, a second apart: one that is restarted is there again. One that is busy is asked until
// the time is up. One that hangs costs that time.
#pragma once

#include <chrono>
#include <string>

#include "piping/spool.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::piping {

struct Answered {
  pipe::Answer answer;
  FileDescriptor changed;     // with Doing::changed
  FileDescriptor connection;  // for report()
};

inline constexpr const char* usual_socket = "/run/rastel/pipe.sock";

// `within`: all of it. The problem: nobody has answered.
[[nodiscard]] Outcome<Answered> ask(const std::string& socket_path, const pipe::Request& request,
                                    const Spooled& message, std::chrono::milliseconds within);

// Of a message that passes unscanned: read and counted once the daemon is back, as long as its socket is
// there. Waits for nobody.
void tell_passed(const std::string& socket_path, pipe::Request request);

// What the delivery program did, for the log; waits for nobody.
void report(const FileDescriptor& connection, const pipe::Result& result);

}  // namespace rastel::piping
