// SPDX-License-Identifier: GPL-2.0-only
// Everything that people and programs come in by: the doors for mail, the sockets for control and for the
// page's process, and /health and /metrics where there is no page. Opened from the listening sockets that the
// master hands over, at the start and at every reload. Confined to the daemon's main thread.
#pragma once

#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/array.hpp>

#include "app/configuration.hpp"
#include "app/control_server.hpp"
#include "app/metrics.hpp"
#include "doors/http/door.hpp"
#include "doors/smtp/door.hpp"
#include "sandbox/master_link.hpp"

namespace rastel {

class Entrances {
 public:
  // What is referred to outlives it.
  Entrances(boost::asio::any_io_executor executor, control::ControlHandlers& handlers,
            inspect::Services& services, doors::http::Sources sources)
      : executor_(std::move(executor)),
        handlers_(handlers),
        services_(services),
        sources_(std::move(sources)) {}

  // Doors as the configuration now says, `tls` one a door; what is no longer listed is closed, sessions go
  // on. After an error everything is as it was.
  [[nodiscard]] Result<> open(const Configuration& configuration, std::vector<sandbox::Listener> listeners,
                              std::vector<doors::smtp::DoorTls> tls);
  // Who connects for mail from now on waits in the listening sockets, for the program that takes over.
  void leave();
  void drain();
  [[nodiscard]] std::size_t sessions() const;  // of mail
  [[nodiscard]] boost::json::array status() const;
  // Sessions of before a reload that still go on belong to the door of the same name.
  [[nodiscard]] std::vector<metrics::DoorSessions> sessions_by_door() const;

 private:
  using DoorPointer = std::shared_ptr<doors::smtp::Door>;

  [[nodiscard]] Result<std::vector<DoorPointer>> open_doors(const Configuration& configuration,
                                                            std::vector<sandbox::Listener>& listeners,
                                                            std::vector<doors::smtp::DoorTls> tls);
  [[nodiscard]] Result<std::shared_ptr<control::ControlServer>> open_control(
      std::vector<sandbox::Listener>& listeners, std::string_view name, control::Audience audience,
      std::shared_ptr<control::ControlServer> before);

  boost::asio::any_io_executor executor_;
  control::ControlHandlers& handlers_;
  inspect::Services& services_;
  doors::http::Sources sources_;
  std::vector<DoorPointer> doors_, retired_;
  std::shared_ptr<control::ControlServer> control_, page_;
  std::shared_ptr<doors::http::Door> http_;
};

}  // namespace rastel
