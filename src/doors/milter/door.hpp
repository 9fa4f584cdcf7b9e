// SPDX-License-Identifier: GPL-2.0-only
// The milter door: mail servers that speak the milter protocol (Sendmail, Postfix) show it every message
// before they take it. A verdict is given at the end of a message alone; what is held is in the quarantine
// before the mail server is told to drop it. One coroutine a connection, which carries many messages.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/file_descriptor.hpp"
#include "base/site_options.hpp"
#include "doors/milter/options.hpp"
#include "inspect/door.hpp"
#include "inspect/services.hpp"

namespace rastel::doors::milter {

// `services` outlives the door and its sessions.
[[nodiscard]] Result<std::shared_ptr<inspect::Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          const MilterDoorOptions& options,
                                                          const SiteOptions& site,
                                                          inspect::Services& services);

}  // namespace rastel::doors::milter
