// SPDX-License-Identifier: GPL-2.0-only
// The program that takes over: the delivery program, or the real qmail-queue. Started by its path and a list
// of words, without a shell; its standard input is a file of ours from its begin; environment, folder, umask
// and the other descriptors are as we were given them (PROTOCOLS F-05, F-06).
#pragma once

#include <string>
#include <vector>

#include "piping/spool.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::piping {

struct ChildFiles {
  int input = -1;
  int envelope = -1;  // as its descriptor 1, as qmail-queue has it; -1: our standard output
};

// Waits for it. Told to end, or late, it is ended first: SIGTERM, after 5 s SIGKILL.
[[nodiscard]] pipe::Result run_child(const std::string& path, const std::vector<std::string>& words,
                                     const ChildFiles& files);

}  // namespace rastel::piping
