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
#include "inspect/services.hpp"

namespace rastel::doors::smtp {

class Door {
 public:
  // `services` outlives the door and its sessions.
  [[nodiscard]] static Result<std::shared_ptr<Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          const SmtpDoorOptions& options,
                                                          const SiteOptions& site, DoorTls tls,
                                                          inspect::Services& services);
  virtual ~Door() = default;
  // New connections and sessions at rest are told 421 at once, the others at the end of their transaction.
  virtual void drain() = 0;
  // Another door has taken over the listening socket: no new connections; sessions go on until their clients
  // end them.
  virtual void retire() = 0;
  [[nodiscard]] virtual std::size_t sessions() const = 0;
  [[nodiscard]] virtual const SmtpDoorOptions& options() const = 0;
};

}  // namespace rastel::doors::smtp
