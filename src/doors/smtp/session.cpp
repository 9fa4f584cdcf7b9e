// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/session.hpp"

#include <algorithm>

#include <sys/statvfs.h>

#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/os/freed_memory.hpp"
#include "doors/smtp/delivery.hpp"
#include "doors/smtp/replies.hpp"
#include "policy/direction.hpp"

namespace rastel::doors::smtp {

namespace asio = boost::asio;
namespace event = rastel::smtp::event;
using rastel::smtp::ParameterOf;

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

rastel::smtp::LineBreakPolicy policy_of(LineBreaks line_breaks, bool trusted) {
  switch (line_breaks) {
    case LineBreaks::normalize:
      return rastel::smtp::LineBreakPolicy::normalize;
    case LineBreaks::reject:
      return rastel::smtp::LineBreakPolicy::reject;
    case LineBreaks::as_is:
      if (trusted) return rastel::smtp::LineBreakPolicy::as_is;
      break;
  }
  return rastel::smtp::LineBreakPolicy::normalize;
}

bool space_for(const std::filesystem::path& spool, std::uint64_t bytes) {
  struct statvfs disk{};
  if (statvfs(spool.c_str(), &disk) != 0) return true;  // the write itself will tell
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize > bytes + (1U << 20);
}

Deadline reply_deadline(const SmtpDoorOptions& options) {
  if (options.reply_deadline) return Deadline::in(*options.reply_deadline);
  switch (options.place) {
    case Place::before_queue:
      return Deadline::in(std::chrono::seconds(80));
    case Place::after_queue:
      return Deadline::in(std::chrono::seconds(480));
    case Place::outbound:
      return Deadline::in(std::chrono::seconds(45));
  }
  return Deadline::in(std::chrono::seconds(45));
}

std::string of_attribute(const std::vector<rastel::smtp::Attribute>& attributes, std::string_view name) {
  for (const auto& attribute : attributes)
    if (attribute.name == name && !attribute.value.starts_with('[')) return attribute.value;
  return {};
}

EnvelopeCommand envelope_command(std::string line, const rastel::smtp::PathArguments& path,
                                 rastel::smtp::ParameterOf command) {
  return {std::move(line), rastel::smtp::keywords_needed(path, command)};
}

constexpr std::uint64_t large = 4 << 20;  // bytes of a message: then its buffers' pages go back, too
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
  if (door_->draining) return shutting_down(door_->host);
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
      machine_.shut_down(shutting_down(door_->host));
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
      if (bytes.error().kind == ErrorKind::cancelled) machine_.shut_down(shutting_down(door_->host));
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

Envelope Session::new_envelope() const {
  Envelope envelope;
  envelope.door = door_->options.name;
  envelope.place = door_->options.place;
  envelope.client.address = client_.address;
  envelope.client.name = client_.name;
  envelope.client.helo = client_.helo.empty() ? helo_ : client_.helo;
  envelope.client.tls_version = stream_.tls_version();
  envelope.client.authenticated_user = client_.login;
  if (!machine_.authenticated_user().empty())
    envelope.client.authenticated_user = machine_.authenticated_user();
  if (!xforward_.empty()) {
    envelope.client.address = of_attribute(xforward_, "ADDR");
    if (envelope.client.address.starts_with("IPV6:")) envelope.client.address.erase(0, 5);
    envelope.client.name = of_attribute(xforward_, "NAME");
    envelope.client.helo = of_attribute(xforward_, "HELO");
    envelope.queue_id = of_attribute(xforward_, "IDENT");
  }
  return envelope;
}

asio::awaitable<void> Session::on(event::Mail mail) {
  if (const auto away = sent_away()) co_return machine_.answer(*away);
  if (door_->services.inspector.overloaded())
    co_return machine_.answer({451, "4.3.2 Error: too busy now, try again later"});
  const auto* size = mail.path.find("SIZE");
  const std::uint64_t announced = size == nullptr ? 0 : std::strtoull(size->value.c_str(), nullptr, 10);
  if (!space_for(door_->services.spool, announced))
    co_return machine_.answer({452, "4.3.1 Error: no space to take the message now"});
  began_ = Clock::now();
  envelope_ = new_envelope();
  envelope_.reverse_path = mail.path.address;
  envelope_.reverse_path_parameters = mail.path.parameters;
  constexpr std::size_t most_ahead = 100;
  std::vector<EnvelopeCommand> ahead;
  for (event::Rcpt& rcpt : machine_.recipients_ahead(one_recipient_at_a_time() ? 1 : most_ahead))
    ahead.push_back(envelope_command(std::move(rcpt.command), rcpt.path, ParameterOf::rcpt));
  const auto reply = co_await next_hop_.mail(
      envelope_command(std::move(mail.command), mail.path, ParameterOf::mail), xforward_, std::move(ahead));
  if (!reply) log::warning("door {}: no answer to MAIL: {}", door_->options.name, reply.error().what);
  machine_.answer(reply ? *reply : reply_to(reply.error()));
}

// One reply can't say two outcomes: SMTP to LMTP takes one recipient a transaction (PROTOCOLS A-34), unless
// the client has asked for a reply a recipient.
bool Session::one_recipient_at_a_time() const {
  return door_->options.protocol == DoorProtocol::smtp &&
         door_->options.next_hop.protocol == NextHop::Protocol::lmtp && !machine_.wants_prdr();
}

asio::awaitable<void> Session::on(event::Rcpt rcpt) {
  Reply reply(452, "4.5.3 Error: one recipient at a time");
  if (!one_recipient_at_a_time() || envelope_.recipients.empty()) {
    auto said =
        co_await next_hop_.recipient(envelope_command(std::move(rcpt.command), rcpt.path, ParameterOf::rcpt));
    reply = said ? *std::move(said) : reply_to(said.error());
  }
  if (reply.positive()) envelope_.recipients.push_back({rcpt.path.address, rcpt.path.parameters});
  if (door_->options.uniform_rcpt && !reply.positive() && reply.code != 421) {
    log::info("door {}: a message is refused for all, as <{}> was: {}", door_->options.name,
              rcpt.path.address, reply.brief());
    if (!spoiled_) spoiled_ = std::move(reply);
    reply = {250, "2.1.5 Ok: what is to be said of it comes with the message's reply"};
  }
  machine_.answer(reply);
}

asio::awaitable<void> Session::on(event::Data) {
  if (spoiled_) {  // it is read, dropped, and refused with that reply
    machine_.answer({354, "End data with <CR><LF>.<CR><LF>"});
    machine_.refuse_content(*std::exchange(spoiled_, std::nullopt));
    forget_transaction();
    xforward_.clear();
    co_return co_await next_hop_.reset();
  }
  incoming_.emplace(door_->services.spool, door_->services.max_message,
                    policy_of(door_->options.line_breaks, trusted_), door_->services.blocking);
  machine_.answer({354, "End data with <CR><LF>.<CR><LF>"});
}

asio::awaitable<void> Session::on(event::Content content) {
  if (!incoming_) co_return;
  if (const auto fed = co_await incoming_->feed(content.bytes); !fed) {
    log::warning("door {}: a message from {} is not taken: {}", door_->options.name, peer_, fed.error().what);
    machine_.refuse_content(reply_to(fed.error()));
    forget_transaction();
    xforward_.clear();
    co_await next_hop_.reset();
  }
}

asio::awaitable<void> Session::on(event::EndOfContent) {
  Delivery delivery;
  delivery.reply_by = reply_deadline(door_->options);
  Result<MessagePointer> message = fail(ErrorKind::ours, "nothing came");
  if (incoming_) message = co_await incoming_->finish();
  if (message && (*message)->size() > Message::memory_limit) {
    stream_.release_buffer();
    machine_.release_buffers();
    if ((*message)->size() > large) os::return_freed_memory();
  }
  const auto refuse = [&](const Reply& reply) {
    answer_end(std::vector<Reply>(std::max<std::size_t>(machine_.recipients(), 1), reply));
  };
  if (!message) {
    refuse(reply_to(message.error()));
  } else if (incoming_->bad_line_breaks() && door_->options.line_breaks == LineBreaks::reject) {
    refuse({550, "5.5.2 Error: bare CR, LF or NUL in the message"});
  } else if (incoming_->header().received_fields() > door_->options.max_hops) {
    refuse({554, "5.4.6 Error: too many hops, the message loops"});
  } else {
    delivery.subject.id = new_message_id();
    delivery.subject.message = *std::move(message);
    delivery.subject.retry_key = incoming_->header().retry_key();
    delivery.subject.message_id = incoming_->header().message_id();
    delivery.subject.subject = incoming_->header().subject();
    // A trusted peer is the MTA in front of us; whom it speaks for, it says by XFORWARD.
    envelope_.direction = policy::direction_of(envelope_, door_->site, !xforward_.empty() || client_.himself);
    delivery.subject.envelope = envelope_;
    delivery.subject.pass_unscanned = door_->options.fail == DoorFailure::pass;
    delivery.subject.replies_per_recipient = machine_.replies_per_recipient();
    delivery.receive_time = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
    // Exim sends QUIT with the end of its last message, closes its side, and waits.
    delivery.client_is_there = [this] { return machine_.quits_next() || !stream_.peer_is_gone(); };
    const std::vector<Reply> replies =
        co_await deliver(std::move(delivery), door_->options, next_hop_, door_->services);
    answer_end(replies);
  }
  forget_transaction();
  xforward_.clear();
  co_await next_hop_.reset();
}

void Session::answer_end(const std::vector<Reply>& replies) {
  // With PRDR one reply is enough where all are the same, as of a server that was asked and doesn't do it.
  const bool lmtp = door_->options.protocol == DoorProtocol::lmtp;
  const bool differ =
      std::ranges::any_of(replies, [&](const Reply& reply) { return reply != replies.front(); });
  if (lmtp || (differ && machine_.replies_per_recipient()))
    machine_.answer_recipients(replies);
  else
    machine_.answer(replies.front());
}

asio::awaitable<void> Session::on(event::Reset) {
  forget_transaction();
  xforward_.clear();
  co_await next_hop_.reset();
  machine_.answer({250, "2.0.0 Ok"});
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
  machine_.answer(reply ? *reply : reply_to(reply.error()));
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
  machine_.answer(reply ? *reply : reply_to(reply.error()));
}

asio::awaitable<void> Session::on(event::Violation violation) {
  log::warning("door {}: session of {} closed: {}", door_->options.name, peer_, violation.what);
  co_await next_hop_.reset();
  machine_.answer({554, "5.5.0 Error: protocol violation"});
}

void Session::forget_transaction() {
  envelope_ = {};
  spoiled_.reset();
  incoming_.reset();
}

}  // namespace rastel::doors::smtp
