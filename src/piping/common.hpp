// SPDX-License-Identifier: GPL-2.0-only
// What these programs have in common.
#pragma once

#include <optional>
#include <string>

#include "piping/options.hpp"
#include "piping/spool.hpp"

namespace rastel::piping {

// Says it and returns the exit code. Ending::refused begins with 5.7.1, all others with 4.3.0, unless the
// line begins with such a code already: Postfix goes by that (PROTOCOLS F-03).
[[nodiscard]] int end_with(Ending ending, Caller caller, const std::string& line);

// Whoever wrote our standard input died in the middle of it: its end is no end (PROTOCOLS F-04).
class Parent {
 public:
  Parent();
  [[nodiscard]] bool is_gone() const;

 private:
  int was_;
};

// How long the daemon may be asked: some of the time is the next program's.
[[nodiscard]] std::chrono::milliseconds time_to_ask(const Options& options);

// An exit code that a program chose by itself, or a success: not what it ended with because we ended it.
[[nodiscard]] bool is_its_own(const pipe::Result& result);

// What is to be handed on of a message that passes; with header and all.
[[nodiscard]] Outcome<Spooled> passing(Spooled original, const Answered& answered);
// Nobody could scan it, and the operator wants it all the same.
struct Unscanned {
  const std::string& socket_path;  // this and the request outlive the call
  const pipe::Request& request;
  std::string program;
  std::string why;
};
// To syslog, and to the daemon, which may be back some time.
void say_unscanned(const Unscanned& unscanned);
// And in the message.
[[nodiscard]] Outcome<Spooled> passing_unscanned(const Spooled& original, const Unscanned& unscanned);

}  // namespace rastel::piping
