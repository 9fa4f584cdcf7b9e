// SPDX-License-Identifier: GPL-2.0-only
// rastel-filter: see piping/programs.hpp. Nothing is freed and no destructor waits at its end.
#include <unistd.h>

#include "piping/programs.hpp"

int main(int count, char** arguments) {
  using namespace rastel::piping;
  _exit(run(filter, "", count, arguments));
}
