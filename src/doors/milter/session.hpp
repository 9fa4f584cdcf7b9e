// SPDX-License-Identifier: GPL-2.0-only
// One connection of a mail server: one message after the other, of one client or of several.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "doors/milter/answer.hpp"
#include "doors/milter/door.hpp"
#include "doors/milter/incoming.hpp"
#include "net/stream.hpp"
#include "protocol/milter/filter_machine.hpp"

namespace rastel::doors::milter {

// What all sessions of a door share; outlives them (each holds it).
struct DoorState {
  MilterDoorOptions options;
  SiteOptions site;
  inspect::Services& services;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> sessions = 0;
  std::atomic<rastel::milter::Flags> missing = 0;  // actions that were said to be missing
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `peer`: the mail server's address; clients are known by what it says of them.
  Session(net::Stream stream, std::string peer, std::shared_ptr<DoorState> door);
  [[nodiscard]] boost::asio::awaitable<void> run();
  void interrupt();  // on the session's thread: a drain

 private:
  using Clock = std::chrono::steady_clock;
  class Progress;

  [[nodiscard]] boost::asio::awaitable<bool> flush();
  [[nodiscard]] boost::asio::awaitable<void> receive();
  [[nodiscard]] boost::asio::awaitable<void> handle(rastel::milter::Event event);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Negotiated negotiated);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Connect connect);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Helo helo);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Mail mail);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Rcpt rcpt);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Data data);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Header header);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::EndOfHeaders end);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Body body);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::EndOfMessage end);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Abort abort);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Quit quit);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::QuitNewConnection quit);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Unknown unknown);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::OverLimit over);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::milter::event::Violation violation);

  [[nodiscard]] bool is_after_queue() const;
  void answer(const rastel::smtp::Reply& reply);
  void forget_message();
  [[nodiscard]] std::string macro(std::string_view name) const;  // empty: it wasn't said
  [[nodiscard]] Incoming& incoming();
  // What is said to a message that isn't looked at, if it is not to be.
  [[nodiscard]] std::optional<rastel::smtp::Reply> refusal(const Result<MessagePointer>& message);
  [[nodiscard]] boost::asio::awaitable<Answer> look_at(const Result<MessagePointer>& message,
                                                       Deadline reply_by);
  [[nodiscard]] boost::asio::awaitable<bool> say(const Answer& answer);
  [[nodiscard]] boost::asio::awaitable<bool> say_body(const Message& message, std::uint64_t from);
  [[nodiscard]] Rights rights() const;

  std::shared_ptr<DoorState> door_;
  net::Stream stream_;
  const std::string peer_;
  rastel::milter::FilterMachine machine_;
  Client client_;
  Envelope envelope_;
  std::vector<std::string> paths_;  // of the recipients, as they were said
  std::optional<Incoming> incoming_;
  bool header_too_large_ = false;
  bool recipients_missing_ = false;  // some that couldn't be refused
  Clock::time_point began_;
};

}  // namespace rastel::doors::milter
