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
Result<std::vector<Entrances::DoorPointer>> Entrances::open_doors(const Configuration& configuration,
                                                                  std::vector<sandbox::Listener>& listeners,
                                                                  std::vector<doors::smtp::DoorTls> tls) {
  std::vector<DoorPointer> opened;
  for (std::size_t i = 0; i < configuration.door.smtp.size(); ++i) {
    const SmtpDoorOptions& options = configuration.door.smtp[i];
    sandbox::Listener* listener = listed(listeners, "smtp:" + options.name);
    if (listener == nullptr) continue;
    auto door = doors::smtp::Door::open(executor_, std::move(listener->socket), options, configuration.site,
                                        tls[i], services_);
    if (!door) {
      for (const DoorPointer& other : opened) other->retire();
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
    RASTEL_TRY(http, doors::http::Door::open(executor_, std::move(listener->socket), sources_));
  }
  auto doors = open_doors(configuration, listeners, std::move(tls));
  if (!doors) {
    if (page && page != page_) page->close();
    if (http) http->close();
    return std::unexpected(std::move(doors).error());
  }
  for (const DoorPointer& door : *doors)
    log::info("door {} listens on {} for {}", door->options().name, to_string(door->options().listen),
              to_string(door->options().next_hop));
  for (const DoorPointer& door : doors_) door->retire();
  retired_.insert(retired_.end(), doors_.begin(), doors_.end());
  std::erase_if(retired_, [](const DoorPointer& door) { return door->sessions() == 0; });
  doors_ = *std::move(doors);
  if (page_ && !page) page_->close();
  if (http_) http_->close();
  control_ = std::move(control);
  page_ = std::move(page);
  http_ = std::move(http);
  return {};
}

void Entrances::leave() {
  for (const DoorPointer& door : doors_) door->retire();
}

void Entrances::drain() {
  for (const auto* some : {&doors_, &retired_})
    for (const DoorPointer& door : *some) door->drain();
}

std::size_t Entrances::sessions() const {
  std::size_t sum = 0;
  for (const auto* some : {&doors_, &retired_})
    for (const DoorPointer& door : *some) sum += door->sessions();
  return sum;
}

boost::json::array Entrances::status() const {
  boost::json::array doors;
  for (const DoorPointer& door : doors_)
    doors.push_back(boost::json::object{{"name", door->options().name},
                                        {"listen", to_string(door->options().listen)},
                                        {"next_hop", to_string(door->options().next_hop)},
                                        {"sessions", door->sessions()}});
  return doors;
}

std::vector<metrics::DoorSessions> Entrances::sessions_by_door() const {
  std::vector<metrics::DoorSessions> doors;
  for (const DoorPointer& door : doors_) doors.push_back({door->options().name, door->sessions()});
  for (const DoorPointer& retired : retired_)
    for (metrics::DoorSessions& door : doors)
      if (door.name == retired->options().name) door.sessions += retired->sessions();
  return doors;
}

}  // namespace rastel
