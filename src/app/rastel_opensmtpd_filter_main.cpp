// SPDX-License-Identifier: GPL-2.0-only
// rastel-opensmtpd-filter: see piping/programs.hpp. Threads that wait for the daemon end with it.
#include <unistd.h>

#include "piping/programs.hpp"

int main(int count, char** arguments) {
  using namespace rastel::piping;
  _exit(run(opensmtpd_filter, "", count, arguments));
}
