// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/session.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "inspect/replies.hpp"
#include "policy/direction.hpp"

namespace rastel::doors::smtp {

namespace asio = boost::asio;
namespace event = rastel::smtp::event;
using rastel::smtp::Reply;

namespace {

rastel::smtp::ServerOptions machine_options(const DoorState& door, bool trusted) {
  rastel::smtp::ServerOptions options;
  options.protocol = door.options.protocol == DoorProtocol::lmtp ? rastel::smtp::Protocol::lmtp
                                                                 : rastel::smtp::Protocol::smtp;
  options.most_recipients = door.options.max_recipients;
  options.most_content = door.services.max_message;
  options.may_xforward = trusted;
  if (door.options.tls.mode == DoorTlsMode::starttls) options.starttls = rastel::smtp::StartTls::offered;
  if (door.options.tls.mode == DoorTlsMode::require) options.starttls = rastel::smtp::StartTls::required;
  options.may_xclient = trusted;
  if (door.options.place == Place::outbound && !trusted)
    options.most_commands_before_auth = door.options.max_commands_before_auth;
  return options;
}

constexpr Duration extra_time = std::chrono::seconds(30);  // of a session that is refused at MAIL

}  // namespace

bool DoorState::trusts(const ClientIdentity& peer) const {
  return policy::in_networks(options.trusted, peer.address);
}

Session::Session(net::Stream stream, ClientIdentity client, Admission admission,
                 std::shared_ptr<DoorState> door)
    : door_(std::move(door)),
      stream_(std::move(stream)),
      peer_(client.address),
      trusted_(door_->trusts(client)),
      admission_(admission),
      client_(std::move(client)),
      machine_(machine_options(*door_, trusted_)),
      next_hop_(door_->options, door_->tls.next_hop, *door_->kept, door_->host, client_),
      patience_(admission == Admission::full ? door_->options.idle_timeout
                                             : std::min<Duration>(door_->options.idle_timeout, extra_time)),
      auth_by_(Deadline::in(door_->options.auth_deadline)) {
  client_.himself = !trusted_;
}

rastel::smtp::Reply Session::banner() const {
  return {220,
          door_->host + (door_->options.protocol == DoorProtocol::lmtp ? " LMTP Rastel" : " ESMTP Rastel")};
}

std::optional<Reply> Session::sent_away() {
  if (door_->draining) return inspect::shutting_down(door_->host);
  if (admission_ == Admission::refused_at_mail) return Reply(421, "4.3.2 Error: too many sessions now");
  if (!trusted_ && door_->limits.too_many_errors(peer_, Clock::now()))
    return Reply(421, "4.7.0 Error: too many errors from your address, try again later");
  if (next_hop_.login_is_lost())
    return Reply(421, "4.4.2 Error: the next mail server has left, log in again");
  return std::nullopt;
}

std::optional<rastel::smtp::Channel> Session::auth_channel() const {
  if (machine_.inside_tls()) {
    if (!next_hop_.keeps_secrets()) return std::nullopt;
    return rastel::smtp::Channel::tls_ends_here;
  }
  if (door_->options.auth_without_tls) return rastel::smtp::Channel::plain;
  return std::nullopt;
}

Deadline Session::read_deadline() const {
  const bool unproved = door_->options.place == Place::outbound && !trusted_ && machine_.unproved();
  return unproved ? patience_.deadline().earlier(auth_by_) : patience_.deadline();
}

void Session::count_errors() {
  const std::uint32_t errors = machine_.all_errors();
  if (!trusted_ && errors > errors_counted_)
    door_->limits.add_errors(peer_, errors - errors_counted_, Clock::now());
  errors_counted_ = errors;
}

void Session::interrupt() {
  if (machine_.at_rest()) stream_.interrupt_read();
}

asio::awaitable<bool> Session::flush() {
  if (!machine_.has_output()) co_return true;
  const std::string output = machine_.take_output();
  const Result<> written = co_await stream_.write(output, Deadline::in(door_->options.idle_timeout));
  co_return written.has_value();
}

asio::awaitable<void> Session::run() {
  if (door_->options.tls.mode == DoorTlsMode::implicit) co_await begin_tls();
  if (machine_.closing()) co_return stream_.close();
  machine_.greet(banner());
  while (!machine_.closing()) {
    if (auto next = machine_.next()) {
      if (!std::holds_alternative<event::Content>(*next)) patience_.refill();
      co_await handle(std::move(*next));
      // Whoever has sent the next message already waits for the answer to this one all the same.
      if (!machine_.wants_flush() || machine_.closing()) continue;
      const bool told = co_await flush();
      if (!told) break;
      continue;
    }
    if (machine_.closing()) break;
    if (door_->draining && machine_.at_rest()) {
      machine_.shut_down(inspect::shutting_down(door_->host));
      break;
    }
    count_errors();
    // All replies of a pipelined group in one write.
    const bool flushed = co_await flush();
    if (!flushed) break;
    const auto since = Clock::now();
    auto bytes = co_await stream_.read(read_deadline());
    if (!bytes) {
      if (bytes.error().kind == ErrorKind::timed_out)
        machine_.shut_down({421, "4.4.2 " + door_->host + " Error: timeout"});
      if (bytes.error().kind == ErrorKind::cancelled) machine_.shut_down(inspect::shutting_down(door_->host));
      break;
    }
    patience_.received(Clock::now() - since, bytes->size());
    machine_.receive(*bytes);
  }
  count_errors();
  (void)co_await flush();
  stream_.close();
  co_await next_hop_.quit();
}

asio::awaitable<void> Session::handle(rastel::smtp::Event next) {
  co_await std::visit([this]<class Kind>(Kind& kind) { return on(std::move(kind)); }, next);
}

asio::awaitable<void> Session::on(event::Hello hello) {
  helo_ = hello.name;
  forget_transaction();
  rastel::smtp::Keywords upstream;
  ClientIdentity client = client_;
  if (client.helo.empty()) client.helo = helo_;
  client.esmtp = hello.verb != rastel::smtp::Verb::helo;
  next_hop_.set_client(std::move(client));
  // Banner and EHLO must succeed behind Postfix (PROTOCOLS A-25): that it can't go on is said at MAIL. What a
  // mail server's message may need is announced all the same, or it would bounce the message before it hears.
  for (const char* keyword : {"8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"}) upstream.set(keyword);
  if (admission_ == Admission::refused_at_mail)
    co_return machine_.answer_hello(door_->host, rastel::smtp::announce(upstream, announcement()));
  co_await next_hop_.reset();
  const auto connected = co_await next_hop_.ensure_connected();
  if (connected)
    upstream = *next_hop_.keywords();
  else
    log::warning("door {}: the next hop is away: {}", door_->options.name, connected.error().what);
  machine_.answer_hello(door_->host, rastel::smtp::announce(upstream, announcement()));
}

rastel::smtp::Announcement Session::announcement() const {
  return {.size_limit = door_->services.max_message,
          .xforward = trusted_,
          .starttls = machine_.offers_starttls(),
          .require_tls = machine_.inside_tls() && next_hop_.tls_verified(),
          .xclient = trusted_,
          .prdr = door_->options.protocol == DoorProtocol::smtp,
          .auth = auth_channel()};
}

asio::awaitable<void> Session::on(event::Noop) {
  machine_.answer({250, "2.0.0 Ok"});
  co_return;
}

asio::awaitable<void> Session::on(event::Quit) {
  machine_.answer({221, "2.0.0 Bye"});
  co_return;
}

asio::awaitable<void> Session::on(event::Relay relay) {
  if (const auto away = sent_away()) co_return machine_.answer(*away);
  const auto reply = co_await next_hop_.relay(relay.command);
  machine_.answer(reply ? *reply : inspect::reply_to(reply.error()));
}

asio::awaitable<void> Session::on(event::Xforward xforward) {
  for (auto& attribute : xforward.attributes) {
    std::erase_if(xforward_, [&](const auto& known) { return known.name == attribute.name; });
    xforward_.push_back(std::move(attribute));
  }
  machine_.answer({250, "2.0.0 Ok"});
  co_return;
}

asio::awaitable<void> Session::on(event::StartTls /*starttls*/) {
  machine_.answer({220, "2.0.0 Ready to start TLS"});
  const bool told = co_await flush();
  if (!told) co_return machine_.tls_failed();
  helo_.clear();
  xforward_.clear();
  forget_transaction();
  co_await begin_tls();
}

asio::awaitable<void> Session::begin_tls() {
  constexpr std::chrono::minutes patience{1};  // for a handshake: a few messages of a program
  const Deadline deadline = Deadline::in(patience).earlier(Deadline::in(door_->options.idle_timeout));
  const Result<> begun = co_await stream_.start_tls(door_->tls.server, deadline);
  if (begun) co_return machine_.tls_begun();
  log::info("door {}: no TLS with {}: {}", door_->options.name, peer_, begun.error().what);
  machine_.tls_failed();
}

// All that was known of the client is another's now (PROTOCOLS A-22), at the next hop too.
asio::awaitable<void> Session::on(event::Xclient xclient) {
  take_xclient(client_, xclient.attributes);
  helo_.clear();
  xforward_.clear();
  forget_transaction();
  co_await next_hop_.begin_anew();
  machine_.answer(banner());
}

asio::awaitable<void> Session::on(event::Auth auth) {
  if (const auto away = sent_away()) co_return machine_.answer(*away);
  const Secrecy secrecy = machine_.inside_tls() ? Secrecy::needed : Secrecy::not_needed;
  const auto reply = co_await next_hop_.authenticate(auth.line, secrecy);
  if (!reply)
    log::warning("door {}: AUTH of {}: {}", door_->options.name, peer_, reply.error().what);
  else if (reply->permanent())
    log::info("door {}: {} did not log in: {}", door_->options.name, peer_, reply->brief());
  machine_.answer(reply ? *reply : inspect::reply_to(reply.error()));
}

asio::awaitable<void> Session::on(event::Violation violation) {
  log::warning("door {}: session of {} closed: {}", door_->options.name, peer_, violation.what);
  co_await next_hop_.reset();
  machine_.answer({554, "5.5.0 Error: protocol violation"});
}

}  // namespace rastel::doors::smtp
