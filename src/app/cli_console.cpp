// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "app/cli.hpp"

namespace rastel::cli {
namespace {

void write_to(std::FILE* file, std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), file);
}

}  // namespace

Console standard_console() {
  Console console;
  console.out = [](std::string_view text) { write_to(stdout, text); };
  console.error = [](std::string_view text) {
    (void)std::fflush(stdout);  // in the order in which it was said
    write_to(stderr, text);
  };
  const char* terminal = std::getenv("TERM");
  console.colour = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
                   std::string_view(terminal) != "dumb";
  return console;
}

}  // namespace rastel::cli
