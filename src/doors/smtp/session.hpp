// SPDX-License-Identifier: GPL-2.0-only
// One session of the SMTP door.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "doors/smtp/client_identity.hpp"
#include "doors/smtp/client_limits.hpp"
#include "doors/smtp/incoming.hpp"
#include "doors/smtp/next_hop.hpp"
#include "doors/smtp/patience.hpp"
#include "doors/smtp/tls.hpp"
#include "inspect/services.hpp"
#include "net/stream.hpp"
#include "protocol/smtp/server_machine.hpp"

namespace rastel::doors::smtp {

// What all sessions of a door share; outlives them (each holds it).
struct DoorState {
  SmtpDoorOptions options;
  SiteOptions site;
  DoorTls tls;
  inspect::Services& services;
  std::string host;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> sessions = 0;
  ClientLimits limits{options.max_sessions_per_client, options.max_errors_per_client};
  std::shared_ptr<KeptConnections> kept = std::make_shared<KeptConnections>(options.next_hop_keep);

  [[nodiscard]] bool trusts(const ClientIdentity& peer) const;
};

// `at_mail`: there are too many sessions; banner and EHLO are answered, MAIL is told 421, since a Postfix in
// front needs the first two (PROTOCOLS A-25).
enum class Admission { full, refused_at_mail };

class Session {
 public:
  Session(net::Stream stream, ClientIdentity client, Admission admission, std::shared_ptr<DoorState> door);
  [[nodiscard]] boost::asio::awaitable<void> run();
  void interrupt();  // on the session's thread: a drain

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] boost::asio::awaitable<bool> flush();
  [[nodiscard]] boost::asio::awaitable<void> handle(rastel::smtp::Event event);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Hello hello);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Mail mail);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Rcpt rcpt);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Data data);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Content content);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::EndOfContent end);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Reset reset);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Noop noop);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Quit quit);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Relay relay);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Xforward xforward);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::StartTls starttls);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Xclient xclient);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Auth auth);
  [[nodiscard]] boost::asio::awaitable<void> on(rastel::smtp::event::Violation violation);
  [[nodiscard]] boost::asio::awaitable<void> begin_tls();
  void answer_end(const std::vector<rastel::smtp::Reply>& replies);
  [[nodiscard]] rastel::smtp::Reply banner() const;
  [[nodiscard]] bool one_recipient_at_a_time() const;
  // Why the client is sent away at a command that costs us something, if he is.
  [[nodiscard]] std::optional<rastel::smtp::Reply> sent_away();
  [[nodiscard]] std::optional<rastel::smtp::Channel> auth_channel() const;
  [[nodiscard]] Deadline read_deadline() const;
  void count_errors();
  [[nodiscard]] rastel::smtp::Announcement announcement() const;
  [[nodiscard]] Envelope new_envelope() const;
  void forget_transaction();
  [[nodiscard]] boost::asio::awaitable<void> end_transaction();  // at the next hop, too

  std::shared_ptr<DoorState> door_;
  net::Stream stream_;
  const std::string peer_;  // whom limits and trust go by: XCLIENT doesn't change it
  const bool trusted_;
  const Admission admission_;
  ClientIdentity client_;
  rastel::smtp::ServerMachine machine_;
  NextHopSession next_hop_;
  std::string helo_;
  std::vector<rastel::smtp::Attribute> xforward_;
  Envelope envelope_;
  std::optional<rastel::smtp::Reply> spoiled_;  // with uniform_rcpt: what a recipient was refused with
  std::optional<Incoming> incoming_;
  Clock::time_point began_;
  Patience patience_;
  const Deadline auth_by_;
  std::uint32_t errors_counted_ = 0;
};

}  // namespace rastel::doors::smtp
