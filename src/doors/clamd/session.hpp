// SPDX-License-Identifier: GPL-2.0-only
// One session of the clamd door: one command, or with IDSESSION many, one after the other.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "doors/clamd/content.hpp"
#include "doors/clamd/door.hpp"
#include "doors/clamd/saying.hpp"
#include "net/stream.hpp"
#include "protocol/clamd/server_machine.hpp"

namespace rastel::doors::clamd {

// What all sessions of a door share; outlives them (each holds it).
struct DoorState {
  ClamdDoorOptions options;
  Sources sources;
  inspect::Services& services;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> sessions = 0;
  // For files that clients choose: one on a file system that hangs keeps these from working, and no others.
  inspect::BlockingPool files{2};
};

class Session {
 public:
  Session(net::Stream stream, std::string client, std::shared_ptr<DoorState> door);
  [[nodiscard]] boost::asio::awaitable<void> run();
  void interrupt();  // on the session's thread: a drain

 private:
  using Clock = std::chrono::steady_clock;
  using Ticket = rastel::clamd::Ticket;
  using ScanKind = rastel::clamd::ScanKind;

  [[nodiscard]] boost::asio::awaitable<bool> flush();
  [[nodiscard]] boost::asio::awaitable<void> receive();
  [[nodiscard]] boost::asio::awaitable<void> linger();
  [[nodiscard]] boost::asio::awaitable<bool> wait_for_room();
  void take(std::vector<FileDescriptor> came);
  void earn(std::size_t bytes);

  [[nodiscard]] boost::asio::awaitable<void> handle(rastel::clamd::Event event);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::Ping ping);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::Version version);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::VersionCommands version);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::Stats stats);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::Reload reload);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::Scan scan);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::ScanDescriptor scan);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::StreamBegins begins);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::StreamChunk chunk);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::StreamEnds end);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::SessionBegins begins);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::SessionEnds end);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::clamd::event::Refused refused);
  void refuse_stream(std::string_view reason);
  void tell_refused(std::string_view subject, std::string_view reason) const;

  // The answer's lines: of what was taken, or why it wasn't.
  [[nodiscard]] boost::asio::awaitable<Saying> scan(MessagePointer message, std::string subject,
                                                    ScanKind kind);
  [[nodiscard]] boost::asio::awaitable<Result<Digest>> key_of(MessagePointer message);
  [[nodiscard]] boost::asio::awaitable<Saying> scan(Taken taken, std::string subject, ScanKind kind);
  [[nodiscard]] static boost::asio::awaitable<EngineState> ask(std::shared_ptr<DoorState> door);
  [[nodiscard]] boost::asio::awaitable<EngineState> engine();
  [[nodiscard]] Room room() const { return {door_->services.spool, door_->services.max_message}; }

  std::shared_ptr<DoorState> door_;
  net::Stream stream_;
  const std::string client_;
  rastel::clamd::ServerMachine machine_;
  std::deque<FileDescriptor> descriptors_;  // that the machine knows of, the oldest first
  std::optional<Incoming> incoming_;
  Clock::time_point began_ = Clock::now();  // what is scanned came from then on
  Deadline patience_;
  bool rested_ = false;   // a command without its end was waited for
  bool lingers_ = false;  // the client may be sending still
};

}  // namespace rastel::doors::clamd
