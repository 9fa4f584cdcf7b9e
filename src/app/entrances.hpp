// SPDX-License-Identifier: GPL-2.0-only
// Everything that people and programs come in by: the doors for mail, the sockets for control and for the
// page's process, and /health and /metrics where there is no page. Opened from the listening sockets that the
// master hands over, at the start and at every reload. Confined to the daemon's main thread.
#pragma once

#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/array.hpp>

#include "app/control_server.hpp"
#include "app/metrics.hpp"
#include "configuration/configuration.hpp"
#include "doors/clamd/door.hpp"
#include "doors/http/door.hpp"
#include "doors/smtp/tls.hpp"
#include "inspect/door.hpp"
#include "sandbox/master_link.hpp"

namespace rastel {

// The doors that are open, and those that a reload has replaced, while sessions of theirs go on.
class Doors {
 public:
  using Pointer = std::shared_ptr<inspect::Door>;

  void replace(std::vector<Pointer> opened);
  void retire();
  void drain();
  [[nodiscard]] const std::vector<Pointer>& open() const { return open_; }
  [[nodiscard]] std::size_t sessions() const;
  // Sessions of before a reload that still go on belong to the door of the same name.
  [[nodiscard]] std::vector<metrics::DoorSessions> sessions_by_door() const;

 private:
  std::vector<Pointer> open_, retired_;
};

class Entrances {
 public:
  // What is referred to outlives it.
  Entrances(boost::asio::any_io_executor executor, control::ControlHandlers& handlers,
            inspect::Services& services, doors::http::Sources http, doors::clamd::Sources clamd)
      : executor_(std::move(executor)),
        handlers_(handlers),
        services_(services),
        http_sources_(std::move(http)),
        clamd_sources_(std::move(clamd)) {}

  // Doors as the configuration now says, `tls` one a door of SMTP; what is no longer listed is closed,
  // sessions go on. After an error everything is as it was.
  [[nodiscard]] Result<> open(const Configuration& configuration, std::vector<sandbox::Listener> listeners,
                              const std::vector<doors::smtp::DoorTls>& tls);
  // Who connects for mail from now on waits in the listening sockets, for the program that takes over.
  void leave() { doors_.retire(); }
  void drain() { doors_.drain(); }
  [[nodiscard]] std::size_t sessions() const { return doors_.sessions(); }  // of mail
  [[nodiscard]] boost::json::array status() const;
  [[nodiscard]] std::vector<metrics::DoorSessions> sessions_by_door() const {
    return doors_.sessions_by_door();
  }

 private:
  // All or none.
  [[nodiscard]] Result<> open_doors(const Configuration& configuration,
                                    std::vector<sandbox::Listener>& listeners,
                                    const std::vector<doors::smtp::DoorTls>& tls);
  [[nodiscard]] Result<std::shared_ptr<control::ControlServer>> open_control(
      std::vector<sandbox::Listener>& listeners, std::string_view name, control::Audience audience,
      std::shared_ptr<control::ControlServer> before);

  boost::asio::any_io_executor executor_;
  control::ControlHandlers& handlers_;
  inspect::Services& services_;
  doors::http::Sources http_sources_;
  doors::clamd::Sources clamd_sources_;
  Doors doors_;
  std::shared_ptr<control::ControlServer> control_, page_;
  std::shared_ptr<doors::http::Door> http_;
};

}  // namespace rastel
