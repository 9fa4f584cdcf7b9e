// SPDX-License-Identifier: GPL-2.0-only
// rastel-opensmtpd-filter: see app/piping/programs.hpp. Threads that wait for the daemon end with it.
#include <unistd.h>

#include "app/piping/programs.hpp"

int main(int count, char** arguments) {
  using namespace rastel::piping;
  _exit(opensmtpd_filter(own_invocation(count, arguments)));
}
