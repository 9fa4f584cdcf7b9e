// SPDX-License-Identifier: GPL-2.0-only
// The master's listeners and folders: made with owner and mode, kept over restarts of the daemon. Some of
// them lie in folders that belong to the daemon: root follows no link there, or a daemon that has been taken
// over could have root give it a file of its choice.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "sandbox/master.hpp"

namespace rastel::sandbox {

// Who a process is to be: that user when we are root, ourselves otherwise. `option`: where the name stands.
[[nodiscard]] Result<Account> account_named(const std::string& user, const std::string& option);
[[nodiscard]] Result<Account> account_for(const MasterPlan& plan);  // the daemon

[[nodiscard]] Result<> make_folders(const MasterPlan& plan, const Account& account);

class Listeners {
 public:
  ~Listeners() { remove_socket_files(); }
  // Binds what is new, keeps what stays; on an error everything is as it was.
  [[nodiscard]] Result<> open(const MasterPlan& plan, const Account& account);
  // Closes what is gone, gives what stays its new mode and group.
  void settle(const MasterPlan& plan, const Account& account);
  [[nodiscard]] int descriptor(const ListenerSpec& spec) const;

  // An upgrade: replaces this program by another, which finds the listeners by what stands in its environment
  // and takes them with inherit(). Comes back only with an error; everything is as it was then.
  [[nodiscard]] Error go_on_as(const std::vector<std::string>& program);
  // Before open() and settle(), which closes those that the configuration no longer names.
  void inherit();
  // Likewise: what systemd has bound for us is used where the configuration names the same
  // address. Mode, owner and end of its socket files are the .socket unit's.
  void take_from_supervisor();
  void remove_socket_files();

 private:
  struct Open {
    ListenerSpec spec;
    FileDescriptor socket;
    dev_t device = 0;  // of a unix socket's file: another one in its place isn't ours to remove
    ino_t inode = 0;   // 0: systemd's file
  };
  [[nodiscard]] static Result<Open> bind_to(const ListenerSpec& spec, const Account& account);
  static void remove_socket_file(const Open& open);
  std::map<std::string, Open> open_;  // by address
};

}  // namespace rastel::sandbox
