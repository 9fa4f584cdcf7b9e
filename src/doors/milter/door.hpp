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
#include "inspect/services.hpp"

namespace rastel::doors::milter {

class Door {
 public:
  // `services` outlives the door and its sessions.
  [[nodiscard]] static Result<std::shared_ptr<Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          const MilterDoorOptions& options,
                                                          const SiteOptions& site,
                                                          inspect::Services& services);
  virtual ~Door() = default;
  // New connections are closed; those without a message end at once, the others with the one they are at.
  virtual void drain() = 0;
  // Another door has taken over the listening socket: no new connections; sessions go on until the mail
  // servers end them.
  virtual void retire() = 0;
  [[nodiscard]] virtual std::size_t sessions() const = 0;
  [[nodiscard]] virtual const MilterDoorOptions& options() const = 0;
};

}  // namespace rastel::doors::milter
