// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/door.hpp"

#include <algorithm>
#include <thread>

#include "doors/pipe/session.hpp"
#include "inspect/waiting_door.hpp"

namespace rastel::doors::pipe {

namespace asio = boost::asio;

namespace {

// Scans of this door at a time. More would wait among the scans of all doors, where users have no turns.
std::size_t most_scans() {
  return std::max<std::size_t>(16, 2 * std::size_t{std::thread::hardware_concurrency()});
}

}  // namespace

Result<std::shared_ptr<inspect::Door>> open(asio::any_io_executor executor, FileDescriptor listener,
                                            const PipeDoorOptions& options, const SiteOptions& site,
                                            inspect::Services& services) {
  const auto state = std::make_shared<DoorState>(options, site, services, most_scans());
  return inspect::WaitingDoor<Session, DoorState>::open(std::move(executor), std::move(listener), state,
                                                        "pipe", "for the programs of the pipe");
}

}  // namespace rastel::doors::pipe
