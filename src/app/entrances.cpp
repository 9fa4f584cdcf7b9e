// SPDX-License-Identifier: GPL-2.0-only
#include "app/entrances.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace rastel {
namespace {

sandbox::Listener* listed(std::vector<sandbox::Listener>& listeners, std::string_view name) {
  const auto found = std::ranges::find(listeners, name, &sandbox::Listener::name);
  return found == listeners.end() ? nullptr : &*found;
}

}  // namespace

// The listening sockets stay the same over a reload: a connection waiting in one is taken by the new door.
Result<std::vector<Entrances::SmtpDoor>> Entrances::open_smtp(const Configuration& configuration,
                                                              std::vector<sandbox::Listener>& listeners,
                                                              std::vector<doors::smtp::DoorTls> tls) {
  std::vector<SmtpDoor> opened;
  for (std::size_t i = 0; i < configuration.door.smtp.size(); ++i) {
    const SmtpDoorOptions& options = configuration.door.smtp[i];
    sandbox::Listener* listener = listed(listeners, "smtp:" + options.name);
    if (listener == nullptr) continue;
    auto door = doors::smtp::Door::open(executor_, std::move(listener->socket), options, configuration.site,
                                        tls[i], services_);
    if (!door) {
      for (const SmtpDoor& other : opened) other->retire();
      return std::unexpected(std::move(door).error());
    }
    opened.push_back(*std::move(door));
  }
  return opened;
}

Result<std::vector<Entrances::ClamdDoor>> Entrances::open_clamd(const Configuration& configuration,
                                                                std::vector<sandbox::Listener>& listeners) {
  std::vector<ClamdDoor> opened;
  for (const ClamdDoorOptions& options : configuration.door.clamd) {
    sandbox::Listener* listener = listed(listeners, "clamd:" + options.name);
    if (listener == nullptr) continue;
    auto door =
        doors::clamd::Door::open(executor_, std::move(listener->socket), options, clamd_sources_, services_);
    if (!door) {
      for (const ClamdDoor& other : opened) other->retire();
      return std::unexpected(std::move(door).error());
    }
    opened.push_back(*std::move(door));
  }
  return opened;
}

// Its socket's place changes with a restart only, and a reload is asked for through it: one that is open
// stays.
Result<std::shared_ptr<control::ControlServer>> Entrances::open_control(
    std::vector<sandbox::Listener>& listeners, std::string_view name, control::Audience audience,
    std::shared_ptr<control::ControlServer> before) {
  sandbox::Listener* listener = listed(listeners, name);
  if (listener == nullptr) return nullptr;
  if (before) return before;
  control::ServerLimits limits;
  limits.audience = audience;
  return control::ControlServer::open(executor_, std::move(listener->socket), handlers_, services_.blocking,
                                      limits);
}

Result<> Entrances::open(const Configuration& configuration, std::vector<sandbox::Listener> listeners,
                         std::vector<doors::smtp::DoorTls> tls) {
  using control::Audience;
  RASTEL_TRY(auto control, open_control(listeners, "control", Audience::administrators, control_));
  RASTEL_TRY(auto page, open_control(listeners, "page", Audience::page, page_));
  std::shared_ptr<doors::http::Door> http;
  if (sandbox::Listener* listener = listed(listeners, "http")) {
    RASTEL_TRY(http, doors::http::Door::open(executor_, std::move(listener->socket), http_sources_));
  }
  auto smtp = open_smtp(configuration, listeners, std::move(tls));
  auto clamd = open_clamd(configuration, listeners);
  if (!smtp || !clamd) {
    if (page && page != page_) page->close();
    if (http) http->close();
    if (smtp)
      for (const SmtpDoor& door : *smtp) door->retire();
    if (clamd)
      for (const ClamdDoor& door : *clamd) door->retire();
    return std::unexpected(smtp ? std::move(clamd).error() : std::move(smtp).error());
  }
  for (const SmtpDoor& door : *smtp)
    log::info("door {} listens on {} for {}", door->options().name, to_string(door->options().listen),
              to_string(door->options().next_hop));
  for (const ClamdDoor& door : *clamd)
    log::info("door {} listens on {} as a clamd", door->options().name, to_string(door->options().listen));
  smtp_.replace(*std::move(smtp));
  clamd_.replace(*std::move(clamd));
  if (page_ && !page) page_->close();
  if (http_) http_->close();
  control_ = std::move(control);
  page_ = std::move(page);
  http_ = std::move(http);
  return {};
}

void Entrances::leave() {
  smtp_.retire();
  clamd_.retire();
}

void Entrances::drain() {
  smtp_.drain();
  clamd_.drain();
}

std::size_t Entrances::sessions() const { return smtp_.sessions() + clamd_.sessions(); }

boost::json::array Entrances::status() const {
  boost::json::array doors;
  for (const SmtpDoor& door : smtp_.open())
    doors.push_back(boost::json::object{{"name", door->options().name},
                                        {"kind", "smtp"},
                                        {"listen", to_string(door->options().listen)},
                                        {"next_hop", to_string(door->options().next_hop)},
                                        {"sessions", door->sessions()}});
  for (const ClamdDoor& door : clamd_.open())
    doors.push_back(boost::json::object{{"name", door->options().name},
                                        {"kind", "clamd"},
                                        {"listen", to_string(door->options().listen)},
                                        {"next_hop", "-"},
                                        {"sessions", door->sessions()}});
  return doors;
}

std::vector<metrics::DoorSessions> Entrances::sessions_by_door() const {
  std::vector<metrics::DoorSessions> doors;
  smtp_.add_sessions(doors);
  clamd_.add_sessions(doors);
  return doors;
}

}  // namespace rastel
