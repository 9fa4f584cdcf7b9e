// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/door.hpp"

#include "doors/clamd/session.hpp"
#include "inspect/waiting_door.hpp"

namespace rastel::doors::clamd {

namespace asio = boost::asio;

Result<std::shared_ptr<inspect::Door>> open(asio::any_io_executor executor, FileDescriptor listener,
                                            const ClamdDoorOptions& options, Sources sources,
                                            inspect::Services& services) {
  const std::shared_ptr<DoorState> state(new DoorState{options, std::move(sources), services});
  return inspect::WaitingDoor<Session, DoorState>::open(std::move(executor), std::move(listener), state,
                                                        "clamd", "as a clamd");
}

}  // namespace rastel::doors::clamd
