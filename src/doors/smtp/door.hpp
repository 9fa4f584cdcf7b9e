// SPDX-License-Identifier: GPL-2.0-only
// The SMTP door: SMTP or LMTP on both sides, before or after a mail server's queue. One coroutine a session,
// which stays on its thread. A session over max_sessions is told 421 and closed.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/file_descriptor.hpp"
#include "base/site_options.hpp"
#include "doors/smtp/options.hpp"
#include "doors/smtp/tls.hpp"
#include "inspect/door.hpp"
#include "inspect/services.hpp"

namespace rastel::doors::smtp {

// `services` outlives the door and its sessions.
[[nodiscard]] Result<std::shared_ptr<inspect::Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          const SmtpDoorOptions& options,
                                                          const SiteOptions& site, DoorTls tls,
                                                          inspect::Services& services);

}  // namespace rastel::doors::smtp
