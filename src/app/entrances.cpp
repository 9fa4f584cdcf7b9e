// SPDX-License-Identifier: GPL-2.0-only
#include "app/entrances.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"

namespace rastel {
namespace {

sandbox::Listener* listed(std::vector<sandbox::Listener>& listeners, std::string_view name) {
  const auto found = std::ranges::find(listeners, name, &sandbox::Listener::name);
  return found == listeners.end() ? nullptr : &*found;
}

// Doors of a reload that isn't done yet: retired again unless all of it is well.
template <class Door>
class Opening {
 public:
  Opening() = default;
  ~Opening() {
    for (const auto& door : doors_) door->retire();
  }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  // `open(socket, options, index)` makes a door. The listening sockets stay the same over a reload: a
  // connection waiting in one is taken by the new door.
  template <class Options, class Open>
  [[nodiscard]] Result<> all(std::string_view kind, const std::vector<Options>& all,
                             std::vector<sandbox::Listener>& listeners, const Open& open) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      sandbox::Listener* listener = listed(listeners, fmt::format("{}:{}", kind, all[i].name));
      if (listener == nullptr) continue;
      RASTEL_TRY(auto door, open(std::move(listener->socket), all[i], i));
      doors_.push_back(std::move(door));
    }
    return {};
  }
  [[nodiscard]] std::vector<std::shared_ptr<Door>> keep() { return std::exchange(doors_, {}); }

 private:
  std::vector<std::shared_ptr<Door>> doors_;
};

// What a door does with what it is given, for log and status: "-" where it hands nothing on.
std::string next_hop(const SmtpDoorOptions& door) { return to_string(door.next_hop); }
std::string next_hop(const ClamdDoorOptions&) { return "-"; }
std::string next_hop(const MilterDoorOptions&) { return "-"; }
std::string next_hop(const PipeDoorOptions&) { return "-"; }

}  // namespace

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
  Opening<doors::smtp::Door> smtp;
  RASTEL_CHECK(smtp.all("smtp", configuration.door.smtp, listeners,
                        [&](FileDescriptor socket, const SmtpDoorOptions& options, std::size_t index) {
                          return doors::smtp::Door::open(executor_, std::move(socket), options,
                                                         configuration.site, tls[index], services_);
                        }));
  Opening<doors::clamd::Door> clamd;
  RASTEL_CHECK(clamd.all("clamd", configuration.door.clamd, listeners,
                         [&](FileDescriptor socket, const ClamdDoorOptions& options, std::size_t) {
                           return doors::clamd::Door::open(executor_, std::move(socket), options,
                                                           clamd_sources_, services_);
                         }));
  Opening<doors::milter::Door> milter;
  RASTEL_CHECK(milter.all("milter", configuration.door.milter, listeners,
                          [&](FileDescriptor socket, const MilterDoorOptions& options, std::size_t) {
                            return doors::milter::Door::open(executor_, std::move(socket), options,
                                                             configuration.site, services_);
                          }));
  Opening<doors::pipe::Door> pipe;
  RASTEL_CHECK(pipe.all("pipe", configuration.door.pipe, listeners,
                        [&](FileDescriptor socket, const PipeDoorOptions& options, std::size_t) {
                          return doors::pipe::Door::open(executor_, std::move(socket), options,
                                                         configuration.site, services_);
                        }));
  smtp_.replace(smtp.keep());
  clamd_.replace(clamd.keep());
  milter_.replace(milter.keep());
  pipe_.replace(pipe.keep());
  for (const auto& door : smtp_.open())
    log::info("door {} listens on {} for {}", door->options().name, to_string(door->options().listen),
              next_hop(door->options()));
  for (const auto& door : clamd_.open())
    log::info("door {} listens on {} as a clamd", door->options().name, to_string(door->options().listen));
  for (const auto& door : milter_.open())
    log::info("door {} listens on {} as a milter", door->options().name, to_string(door->options().listen));
  for (const auto& door : pipe_.open())
    log::info("door {} listens on {} for the programs of the pipe", door->options().name,
              to_string(door->options().listen));
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

void Entrances::leave() {
  smtp_.retire();
  clamd_.retire();
  milter_.retire();
  pipe_.retire();
}

void Entrances::drain() {
  smtp_.drain();
  clamd_.drain();
  milter_.drain();
  pipe_.drain();
}

std::size_t Entrances::sessions() const {
  return smtp_.sessions() + clamd_.sessions() + milter_.sessions() + pipe_.sessions();
}

boost::json::array Entrances::status() const {
  boost::json::array doors;
  const auto add = [&](std::string_view kind, const auto& all) {
    for (const auto& door : all.open())
      doors.push_back(boost::json::object{{"name", door->options().name},
                                          {"kind", kind},
                                          {"listen", to_string(door->options().listen)},
                                          {"next_hop", next_hop(door->options())},
                                          {"sessions", door->sessions()}});
  };
  add("smtp", smtp_);
  add("clamd", clamd_);
  add("milter", milter_);
  add("pipe", pipe_);
  return doors;
}

std::vector<metrics::DoorSessions> Entrances::sessions_by_door() const {
  std::vector<metrics::DoorSessions> doors;
  smtp_.add_sessions(doors);
  clamd_.add_sessions(doors);
  milter_.add_sessions(doors);
  pipe_.add_sessions(doors);
  return doors;
}

}  // namespace rastel
