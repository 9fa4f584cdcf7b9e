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

Result<std::shared_ptr<Door>> Door::open(asio::any_io_executor executor, FileDescriptor listener,
                                         const PipeDoorOptions& options, const SiteOptions& site,
                                         inspect::Services& services) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  const auto state = std::make_shared<DoorState>(options, site, services, most_scans());
  auto door = std::make_shared<inspect::WaitingDoor<Door, Session, DoorState>>(std::move(acceptor), state);
  door->start();
  return door;
}

}  // namespace rastel::doors::pipe
