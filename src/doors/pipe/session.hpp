// SPDX-License-Identifier: GPL-2.0-only
// One session of the pipe door: a request with the message's descriptor, an answer, and what the delivery
// program did, if that comes.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "doors/pipe/door.hpp"
#include "doors/pipe/handing.hpp"
#include "doors/pipe/turns.hpp"
#include "net/stream.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::doors::pipe {

// What all sessions of a door share; outlives them (each holds it).
struct DoorState {
  DoorState(const PipeDoorOptions& door_options, const SiteOptions& site_options,
            inspect::Services& all_services, std::size_t most_scans)
      : options(door_options),
        site(site_options),
        services(all_services),
        gate(std::make_shared<Gate>(most_scans)) {}

  PipeDoorOptions options;
  SiteOptions site;
  inspect::Services& services;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> sessions = 0;
  std::shared_ptr<Gate> gate;
  std::shared_ptr<Users> users = std::make_shared<Users>();
  // For files that clients choose: one on a file system that hangs keeps these from working, and no others.
  inspect::BlockingPool files{2};
};

class Session {
 public:
  Session(net::Stream stream, std::string client, std::shared_ptr<DoorState> door);
  [[nodiscard]] boost::asio::awaitable<void> run();
  void interrupt();  // on the session's thread: a drain

 private:
  [[nodiscard]] boost::asio::awaitable<bool> receive_request();
  [[nodiscard]] boost::asio::awaitable<void> serve();
  [[nodiscard]] boost::asio::awaitable<bool> answer_request();
  [[nodiscard]] boost::asio::awaitable<Result<Taken>> take_message();
  [[nodiscard]] boost::asio::awaitable<bool> answer(rastel::pipe::Answer answer, MessagePointer changed);
  [[nodiscard]] boost::asio::awaitable<std::optional<rastel::pipe::Result>> hear_result();
  [[nodiscard]] inspect::Subject subject() const;
  void complain(std::string_view what) const;
  void count_passed() const;

  std::shared_ptr<DoorState> door_;
  net::Stream stream_;
  uid_t user_ = 0;
  FileDescriptor file_;
  rastel::pipe::Request request_;
  std::optional<Handing> handing_;
  bool at_rest_ = true;  // nothing of it is under way: a drain may end it
};

}  // namespace rastel::doors::pipe
