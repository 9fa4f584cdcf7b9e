// SPDX-License-Identifier: GPL-2.0-only
#include "app/entrances.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "doors/milter/door.hpp"
#include "doors/pipe/door.hpp"
#include "doors/smtp/door.hpp"

namespace rastel {
namespace {

sandbox::Listener* listed(std::vector<sandbox::Listener>& listeners, std::string_view name) {
  const auto found = std::ranges::find(listeners, name, &sandbox::Listener::name);
  return found == listeners.end() ? nullptr : &*found;
}

// Doors of a reload that isn't done yet: retired again unless all of it is well.
class Opening {
 public:
  explicit Opening(std::vector<sandbox::Listener>& listeners) : listeners_(listeners) {}
  ~Opening() {
    for (const Doors::Pointer& door : doors_) door->retire();
  }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  // `open(socket, options, index)` makes a door. The listening sockets stay the same over a reload: a
  // connection waiting in one is taken by the new door.
  template <class Options, class Open>
  [[nodiscard]] Result<> all(std::string_view kind, const std::vector<Options>& all, const Open& open) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      sandbox::Listener* listener = listed(listeners_, fmt::format("{}:{}", kind, all[i].name));
      if (listener == nullptr) continue;
      RASTEL_TRY(Doors::Pointer door, open(std::move(listener->socket), all[i], i));
      doors_.push_back(std::move(door));
    }
    return {};
  }
  [[nodiscard]] std::vector<Doors::Pointer> keep() { return std::exchange(doors_, {}); }

 private:
  std::vector<sandbox::Listener>& listeners_;
  std::vector<Doors::Pointer> doors_;
};

}  // namespace

void Doors::replace(std::vector<Pointer> opened) {
  retire();
  retired_.insert(retired_.end(), open_.begin(), open_.end());
  std::erase_if(retired_, [](const Pointer& door) { return door->sessions() == 0; });
  open_ = std::move(opened);
}

void Doors::retire() {
  for (const Pointer& door : open_) door->retire();
}

void Doors::drain() {
  for (const auto* some : {&open_, &retired_})
    for (const Pointer& door : *some) door->drain();
}

std::size_t Doors::sessions() const {
  std::size_t sum = 0;
  for (const auto* some : {&open_, &retired_})
    for (const Pointer& door : *some) sum += door->sessions();
  return sum;
}

std::vector<metrics::DoorSessions> Doors::sessions_by_door() const {
  std::vector<metrics::DoorSessions> all;
  for (const Pointer& door : open_) {
    metrics::DoorSessions entry{door->facts().name, door->sessions()};
    for (const Pointer& retired : retired_)
      if (retired->facts().name == entry.name) entry.sessions += retired->sessions();
    all.push_back(std::move(entry));
  }
  return all;
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

Result<> Entrances::open_doors(const Configuration& configuration, std::vector<sandbox::Listener>& listeners,
                               const std::vector<doors::smtp::DoorTls>& tls) {
  const SiteOptions& site = configuration.site;
  Opening opening(listeners);
  RASTEL_CHECK(opening.all("smtp", configuration.door.smtp,
                           [&](FileDescriptor socket, const SmtpDoorOptions& options, std::size_t index) {
                             return doors::smtp::open(executor_, std::move(socket), options, site, tls[index],
                                                      services_);
                           }));
  RASTEL_CHECK(opening.all("clamd", configuration.door.clamd,
                           [&](FileDescriptor socket, const ClamdDoorOptions& options, std::size_t) {
                             return doors::clamd::open(executor_, std::move(socket), options, clamd_sources_,
                                                       services_);
                           }));
  RASTEL_CHECK(opening.all("milter", configuration.door.milter,
                           [&](FileDescriptor socket, const MilterDoorOptions& options, std::size_t) {
                             return doors::milter::open(executor_, std::move(socket), options, site,
                                                        services_);
                           }));
  RASTEL_CHECK(opening.all("pipe", configuration.door.pipe,
                           [&](FileDescriptor socket, const PipeDoorOptions& options, std::size_t) {
                             return doors::pipe::open(executor_, std::move(socket), options, site, services_);
                           }));
  doors_.replace(opening.keep());
  for (const Doors::Pointer& door : doors_.open())
    log::info("door {} listens on {} {}", door->facts().name, to_string(door->facts().listen),
              door->facts().purpose);
  return {};
}

Result<> Entrances::open(const Configuration& configuration, std::vector<sandbox::Listener> listeners,
                         const std::vector<doors::smtp::DoorTls>& tls) {
  using control::Audience;
  RASTEL_TRY(auto control, open_control(listeners, "control", Audience::administrators, control_));
  RASTEL_TRY(auto page, open_control(listeners, "page", Audience::page, page_));
  std::shared_ptr<doors::http::Door> http;
  if (sandbox::Listener* listener = listed(listeners, "http")) {
    RASTEL_TRY(http, doors::http::Door::open(executor_, std::move(listener->socket), http_sources_));
  }
  const auto opened = open_doors(configuration, listeners, tls);
  if (!opened) {
    if (page && page != page_) page->close();
    if (http) http->close();
    return opened;
  }
  if (page_ && !page) page_->close();
  if (http_) http_->close();
  control_ = std::move(control);
  page_ = std::move(page);
  http_ = std::move(http);
  return {};
}

boost::json::array Entrances::status() const {
  boost::json::array doors;
  for (const Doors::Pointer& door : doors_.open())
    doors.push_back(boost::json::object{{"name", door->facts().name},
                                        {"kind", door->facts().kind},
                                        {"listen", to_string(door->facts().listen)},
                                        {"next_hop", door->facts().next_hop},
                                        {"sessions", door->sessions()}});
  return doors;
}

}  // namespace rastel
