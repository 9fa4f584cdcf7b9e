// SPDX-License-Identifier: GPL-2.0-only
// rastel: see app/cli.hpp.
#include <csignal>
#include <cstdio>

#include "app/cli.hpp"

int main(int count, char** arguments) {
  // A reader that has gone (`rastel history | head`) is no reason to die in the middle of an answer to the
  // daemon.
  std::signal(SIGPIPE, SIG_IGN);
  // Line by line also into a pipe: whoever reads `rastel sink --json` wants each line as it happens.
  (void)std::setvbuf(stdout, nullptr, _IOLBF, 64 * 1024);
  rastel::cli::Console console = rastel::cli::standard_console();
  const int exit = rastel::cli::run({arguments + 1, arguments + count}, console);
  // What could not be written was not done: a full disk under `rastel quarantine raw ID >file`.
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  return exit == 0 && !written ? static_cast<int>(rastel::cli::Exit::temporary) : exit;
}
