// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/door.hpp"

#include "doors/clamd/session.hpp"
#include "inspect/waiting_door.hpp"

namespace rastel::doors::clamd {

namespace asio = boost::asio;

Result<std::shared_ptr<Door>> Door::open(asio::any_io_executor executor, FileDescriptor listener,
                                         const ClamdDoorOptions& options, Sources sources,
                                         inspect::Services& services) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  const std::shared_ptr<DoorState> state(new DoorState{options, std::move(sources), services});
  auto door = std::make_shared<inspect::WaitingDoor<Door, Session, DoorState>>(std::move(acceptor), state);
  door->start();
  return door;
}

}  // namespace rastel::doors::clamd
