// SPDX-License-Identifier: GPL-2.0-only
// Session: one message after the other, from MAIL to the reply to its end.
#include <algorithm>

#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/os/freed_memory.hpp"
#include "doors/smtp/delivery.hpp"
#include "doors/smtp/session.hpp"
#include "inspect/replies.hpp"
#include "policy/direction.hpp"

namespace rastel::doors::smtp {

namespace asio = boost::asio;
namespace event = rastel::smtp::event;
using rastel::smtp::ParameterOf;

namespace {

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

}  // namespace

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
  if (door_->services.inspector.overloaded()) co_return machine_.answer(inspect::too_busy());
  const auto* size = mail.path.find("SIZE");
  const std::uint64_t announced = size == nullptr ? 0 : std::strtoull(size->value.c_str(), nullptr, 10);
  if (!inspect::has_space(door_->services.spool, announced)) co_return machine_.answer(inspect::no_space());
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
  machine_.answer(reply ? *reply : inspect::reply_to(reply.error()));
}

// One reply can't say two outcomes: SMTP to LMTP takes one recipient a transaction (PROTOCOLS A-34), unless
// the client has asked for a reply a recipient.
bool Session::one_recipient_at_a_time() const {
  return door_->options.protocol == DoorProtocol::smtp &&
         door_->options.next_hop.protocol == NextHop::Protocol::lmtp && !machine_.wants_prdr();
}

asio::awaitable<void> Session::on(event::Rcpt rcpt) {
  const Reply said_later(250, "2.1.5 Ok: what is to be said of it comes with the message's reply");
  if (spoiled_) co_return machine_.answer(said_later);
  if (one_recipient_at_a_time() && !envelope_.recipients.empty())
    co_return machine_.answer({452, "4.5.3 Error: one recipient at a time"});
  auto said =
      co_await next_hop_.recipient(envelope_command(std::move(rcpt.command), rcpt.path, ParameterOf::rcpt));
  const Reply reply = said ? *std::move(said) : inspect::reply_to(said.error());
  if (reply.positive()) envelope_.recipients.push_back({rcpt.path.address, rcpt.path.parameters});
  if (!door_->options.uniform_rcpt || reply.positive() || reply.code == 421) co_return machine_.answer(reply);
  log::info("door {}: a message is refused for all, as <{}> was: {}", door_->options.name, rcpt.path.address,
            reply.brief());
  spoiled_ = reply;
  machine_.answer(said_later);
}

asio::awaitable<void> Session::on(event::Data) {
  machine_.answer({354, "End data with <CR><LF>.<CR><LF>"});
  if (!spoiled_) {
    incoming_.emplace(door_->services.spool, door_->services.max_message,
                      policy_of(door_->options.line_breaks, trusted_), door_->services.blocking);
    co_return;
  }
  machine_.refuse_content(*spoiled_);  // it is read, dropped, and refused with that reply
  co_await end_transaction();
}

asio::awaitable<void> Session::on(event::Content content) {
  if (!incoming_) co_return;
  if (const auto fed = co_await incoming_->feed(content.bytes); !fed) {
    log::warning("door {}: a message from {} is not taken: {}", door_->options.name, peer_, fed.error().what);
    machine_.refuse_content(inspect::reply_to(fed.error()));
    co_await end_transaction();
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
    if ((*message)->size() > inspect::large_message) os::return_freed_memory();
  }
  const auto refuse = [&](const Reply& reply) {
    answer_end(std::vector<Reply>(std::max<std::size_t>(machine_.recipients(), 1), reply));
  };
  if (!message) {
    refuse(inspect::reply_to(message.error()));
  } else if (incoming_->bad_line_breaks() && door_->options.line_breaks == LineBreaks::reject) {
    refuse({550, "5.5.2 Error: bare CR, LF or NUL in the message"});
  } else if (incoming_->header().received_fields() > door_->options.max_hops) {
    refuse(inspect::too_many_hops());
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
  co_await end_transaction();
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
  co_await end_transaction();
  machine_.answer({250, "2.0.0 Ok"});
}

asio::awaitable<void> Session::end_transaction() {
  forget_transaction();
  xforward_.clear();
  co_await next_hop_.reset();
}

void Session::forget_transaction() {
  envelope_ = {};
  spoiled_.reset();
  incoming_.reset();
}

}  // namespace rastel::doors::smtp
