// SPDX-License-Identifier: GPL-2.0-only
// The master's listeners and folders: made with owner and mode, kept over restarts of the daemon.
#pragma once

#include <map>
#include <string>

#include "sandbox/master.hpp"

namespace rastel::sandbox {

// Who the daemon is to be: site.user when we are root, ourselves otherwise.
[[nodiscard]] Result<Account> account_for(const MasterPlan& plan);

[[nodiscard]] Result<> make_folders(const MasterPlan& plan, const Account& account);

class Listeners {
 public:
  ~Listeners() { remove_socket_files(); }
  // Binds what is new, keeps what stays; on an error everything is as it was. What is gone is closed by settle().
  [[nodiscard]] Result<> open(const MasterPlan& plan, const Account& account);
  void settle(const MasterPlan& plan);
  [[nodiscard]] int descriptor(const ListenerSpec& spec) const;
  void remove_socket_files();

 private:
  struct Open {
    ListenerSpec spec;
    FileDescriptor socket;
  };
  [[nodiscard]] static Result<FileDescriptor> bind_to(const ListenerSpec& spec, const Account& account);
  std::map<std::string, Open> open_;  // by address
};

}  // namespace rastel::sandbox
