// SPDX-License-Identifier: GPL-2.0-only
// Master: the first process. It reads the configuration, binds and keeps the listeners, starts daemon and
// engines as programs of their own, and kills what has to go. It reads fixed-size requests of the daemon,
// nothing from a network and no byte of a message. Single-threaded.
//
// SIGTERM, SIGINT: the daemon drains (at most a minute), then all ends. SIGHUP: the daemon is told to ask for
// the configuration again. A daemon that dies is started again after 1, 2, 4 … 30 s (1 s again once it has
// lived a minute) and its engines are killed; one that ends with status 0 ends the master too. Under systemd
// (NOTIFY_SOCKET) it says READY and STOPPING. SIGUSR2, after new programs were put in the place of the old
// ones: the new rasteld is asked whether it understands the configuration; if so the daemon drains, and this
// process goes on as the new program, with its listeners: whoever connects meanwhile waits in them. The page,
// if there is one, is started again likewise; nothing waits for it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log_options.hpp"
#include "base/units.hpp"
#include "sandbox/spawn.hpp"

namespace rastel::sandbox {

struct ListenerSpec {
  std::string name;  // "smtp:NAME", "clamd:NAME", "milter:NAME", "control", "http"
  Endpoint endpoint;
  std::uint32_t mode = 0660;  // of a unix socket
  std::string group;          // of a unix socket; empty or unknown: the daemon's own
  bool operator==(const ListenerSpec&) const = default;
};

// The page: a process of its own, which is given its listener, a configuration and the users' file, as it has
// access to no file itself. When any of these changes with a reload it is started anew.
struct PagePlan {
  ListenerSpec listener;
  std::string text;   // its configuration
  std::string users;  // the file's text; the master doesn't look into it
  std::string user;   // whom it runs as
  bool operator==(const PagePlan&) const = default;
};

// What the master takes from the configuration (app/ makes it: the floors above know the options).
struct MasterPlan {
  std::string text, source;                  // for the daemon
  std::map<std::string, std::string> files;  // path → bytes: what the daemon needs and may not read (keys)
  std::string engine_text;                   // [signatures] and [engine] alone
  bool confinement_required = false;
  std::vector<ListenerSpec> listeners;
  std::vector<std::string> private_folders;  // made when missing, owner the daemon's user, 0700
  std::string run_directory;                 // made when missing, 0755
  std::string user;
  LogOptions log;
  std::optional<PagePlan> page;
};
// Reads the configuration anew; the error is what the administrator is shown.
using ReadPlan = std::function<Result<MasterPlan>()>;

struct MasterPrograms {
  std::string daemon, engine;
  std::string page = {};  // needed where a plan has one
  // This program, absolute, and its arguments: what SIGUSR2 goes on as. Empty: it goes on as nothing.
  std::vector<std::string> own = {};
};

// Runs until told to end; the exit status. Needs: nothing of descriptors 3 and up.
[[nodiscard]] int run_master(const MasterPrograms& programs, const ReadPlan& read_plan);

}  // namespace rastel::sandbox
