// SPDX-License-Identifier: GPL-2.0-only
// The pipe door: what rastel-deliver and its like ask before they hand a message to a delivery program, on to
// their output, to a queue, or have it taken by a mail server. Their user may be anybody on this machine:
// nothing is taken of them but a descriptor, which is copied, and what they say of the envelope. What is
// answered as held or discarded is on disk. docs/deliver.md.
//
// One coroutine a session, which stays on its thread. Who comes when max_sessions are there waits in the
// listening socket; who waits for a scan takes turns with the other users (turns.hpp).
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/file_descriptor.hpp"
#include "base/site_options.hpp"
#include "doors/pipe/options.hpp"
#include "inspect/door.hpp"
#include "inspect/services.hpp"

namespace rastel::doors::pipe {

// `services` outlives the door and its sessions.
[[nodiscard]] Result<std::shared_ptr<inspect::Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          const PipeDoorOptions& options,
                                                          const SiteOptions& site,
                                                          inspect::Services& services);

}  // namespace rastel::doors::pipe
