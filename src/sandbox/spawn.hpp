// SPDX-License-Identifier: GPL-2.0-only
// Starting the other programs: always a new program (exec), never a copy of the master with what it has read
// in memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/units.hpp"

namespace rastel::sandbox {

struct Child {
  pid_t pid = -1;
};

struct Program {
  std::string path;
  std::vector<std::string> arguments;  // without the program's name
  std::vector<int> descriptors;        // become 3, 4, …; everything else is closed
  std::vector<std::pair<std::string, std::string>> environment{};  // beside the master's own
};

struct Account {
  bool change = false;  // false: stay who we are (not started as root)
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};

// The daemon: as `account`, without capabilities, no new privileges.
[[nodiscard]] Result<Child> start_daemon(const Program& program, const Account& account);

// An engine: in user and process namespaces of its own where the kernel lets us; adds --userns=… to the
// arguments. slot: which range of ids it gets, 0…255.
[[nodiscard]] Result<Child> start_engine_program(const Program& program, std::uint32_t slot);

// A program with its arguments, as ourselves, until it ends with 0; what it prints goes where ours goes.
// Another status, or no end in time (it is killed then), is an error.
[[nodiscard]] Result<> run_and_wait(const std::vector<std::string>& program, Duration at_most);

}  // namespace rastel::sandbox
