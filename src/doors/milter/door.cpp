// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/door.hpp"

#include "doors/milter/session.hpp"
#include "inspect/waiting_door.hpp"

namespace rastel::doors::milter {

namespace asio = boost::asio;

Result<std::shared_ptr<inspect::Door>> open(asio::any_io_executor executor, FileDescriptor listener,
                                            const MilterDoorOptions& options, const SiteOptions& site,
                                            inspect::Services& services) {
  const std::shared_ptr<DoorState> state(new DoorState{options, site, services});
  return inspect::WaitingDoor<Session, DoorState>::open(std::move(executor), std::move(listener), state,
                                                        "milter", "as a milter");
}

}  // namespace rastel::doors::milter
