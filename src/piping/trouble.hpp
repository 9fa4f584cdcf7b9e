// SPDX-License-Identifier: GPL-2.0-only
// How the small programs end when something is wrong. Their caller is a mail server that takes most exit
// codes, and death by a signal in places, for a reason to bounce the message: so whatever happens, they end
// with the code that has it come again (PROTOCOLS F-01, F-02). One thread.
//
// What the folder holds uses libc and libstdc++ alone, so that a program starts in milliseconds and can't
// fail for a library (`./dev lint programs`).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace rastel::piping {

// Whose exit codes.
enum class Caller : std::uint8_t {
  sysexits,    // Postfix, Sendmail, Exim, Courier
  qmail,       // qmail-command(8)
  qmail_queue  // qmail-queue(8)
};

enum class Ending : std::uint8_t {
  done,
  refused,
  deferred,       // by the scanner's verdict, or by trouble that has no better word
  out_of_memory,  // from here on what only qmail-queue has words for
  timed_out,
  cant_write,
  cant_read,
  bug,
  bad_envelope,
};

[[nodiscard]] int code_of(Ending ending, Caller caller);

// From now on every signal that would end the process, std::terminate and a lack of memory end it by a code
// of `caller`; a file size limit and a closed pipe are errors of the write. `latest`: when it ends so in any
// case.
void guard(Caller caller, std::chrono::milliseconds latest);
// How much of it is left; at least 1 ms.
[[nodiscard]] std::chrono::milliseconds time_left();

// While a program that we have started runs (`set_child`, 0: none does), deadline and signals don't end the
// process but are seen here.
void set_child(pid_t child);
[[nodiscard]] bool time_is_up();
[[nodiscard]] bool told_to_end();

// One line on standard error, which mail servers put into bounces and logs: "4.3.0 …". Controls become '?'.
void say(std::string_view line);

}  // namespace rastel::piping
