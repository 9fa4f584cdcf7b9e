// SPDX-License-Identifier: GPL-2.0-only
// The small programs. `name`: the path that they were started by, `words`: their arguments with the name.
// Each returns its exit code and has said why; docs/deliver.md has the table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rastel::piping {

struct Invocation {
  std::string path;                // of the file that was executed, not what the caller calls it
  std::vector<std::string> words;  // the first: what the caller calls it
};

// One of those below as main(). Asked for --help and nothing else it tells its options, `behind` the last of
// them, and ends as with a wrong command line: a mail server that calls it so keeps its message.
[[nodiscard]] int run(int (*program)(const Invocation&), std::string_view behind, int count,
                      char** arguments);

// What to do with a message before a delivery program has it: scanned first.
[[nodiscard]] int deliver(const Invocation& invocation);
// From standard input to standard output.
[[nodiscard]] int filter(const Invocation& invocation);
// In place of qmail-queue.
[[nodiscard]] int qmail_queue(const Invocation& invocation);
// A mail filter of Courier's; runs as long as courierfilter(8).
[[nodiscard]] int courierfilter(const Invocation& invocation);
// A filter of OpenSMTPD's; runs as long as smtpd.
[[nodiscard]] int opensmtpd_filter(const Invocation& invocation);

}  // namespace rastel::piping
