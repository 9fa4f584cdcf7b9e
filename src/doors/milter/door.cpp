// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/door.hpp"

#include "doors/milter/session.hpp"
#include "inspect/waiting_door.hpp"

namespace rastel::doors::milter {

namespace asio = boost::asio;

Result<std::shared_ptr<Door>> Door::open(asio::any_io_executor executor, FileDescriptor listener,
                                         const MilterDoorOptions& options, const SiteOptions& site,
                                         inspect::Services& services) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  const std::shared_ptr<DoorState> state(new DoorState{options, site, services});
  auto door = std::make_shared<inspect::WaitingDoor<Door, Session, DoorState>>(std::move(acceptor), state);
  door->start();
  return door;
}

}  // namespace rastel::doors::milter
