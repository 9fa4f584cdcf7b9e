// SPDX-License-Identifier: GPL-2.0-only
// Door: a place where mail comes in, of whatever kind. It is opened from a listening socket that the master
// has bound; its sessions may outlive it. Confined to the daemon's main thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/units.hpp"

namespace rastel::inspect {

// What log, status and metrics say of a door.
struct DoorFacts {
  std::string_view kind;  // as in [[door.KIND]]
  std::string name;
  Endpoint listen;
  std::string next_hop;  // "-" where it hands nothing on
  std::string purpose;   // the end of "door NAME listens on ADDRESS …"
};

class Door {
 public:
  explicit Door(DoorFacts facts) : facts_(std::move(facts)) {}
  virtual ~Door() = default;
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // New connections and sessions at rest end at once, the others with the message they are at; where the
  // protocol has words for it the client is told.
  virtual void drain() = 0;
  // Another door has taken over the listening socket: no new connections; sessions go on until their clients
  // end them.
  virtual void retire() = 0;
  [[nodiscard]] virtual std::size_t sessions() const = 0;
  [[nodiscard]] const DoorFacts& facts() const { return facts_; }

 private:
  DoorFacts facts_;
};

}  // namespace rastel::inspect
