// SPDX-License-Identifier: GPL-2.0-only
// rastel-courierfilter: see piping/programs.hpp.
#include <unistd.h>

#include "piping/programs.hpp"

int main(int count, char** arguments) {
  using namespace rastel::piping;
  _exit(run(courierfilter, "", count, arguments));
}
