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

// For a filter that runs as long as its mail server: each message under way has some.
void allow_many_descriptors();

// How long the daemon may be asked: some of the time is the next program's.
[[nodiscard]] std::chrono::milliseconds time_to_ask(const Options& options);

// An exit code that a program chose by itself, or a success: not what it ended with because we ended it.
[[nodiscard]] bool is_its_own(const pipe::Result& result);

// What is to be handed on of a message that passes; with header and all.
[[nodiscard]] Outcome<Spooled> passing(Spooled original, const Answered& answered);
// Nobody could scan it, and the operator wants it all the same: said to syslog, and in the message.
void say_unscanned(const std::string& program, const std::string& why);
[[nodiscard]] Outcome<Spooled> passing_unscanned(const Spooled& original, const std::string& program,
                                                 const std::string& why);

}  // namespace rastel::piping
