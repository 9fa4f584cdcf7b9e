// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/next_hop.hpp"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

namespace rastel::doors::smtp {

namespace asio = boost::asio;
using net::Transfer;
using rastel::smtp::Reply;

namespace {

std::string preamble(ProxyVersion version, const ClientIdentity& client) {
  switch (version) {
    case ProxyVersion::off:
      return {};
    case ProxyVersion::v1:
      return proxy::format_v1(proxy_header(client));
    case ProxyVersion::v2:
      return proxy::format_v2(proxy_header(client));
  }
  return {};
}

// What may stand in an EHLO of ours without being taken for something else.
bool is_sayable(const std::string& name) {
  return !name.empty() && name.size() <= 255 &&
         std::ranges::all_of(name, [](char character) { return character > 0x20 && character < 0x7f; });
}

}  // namespace

asio::awaitable<Result<>> NextHopSession::ensure_connected() {
  // A login belongs to its connection: on another one the client would be somebody else.
  if (login_is_lost())
    co_return fail(ErrorKind::peer_closed, "the connection with the client's login is gone");
  const bool taken_for_another = told_ && *told_ != identity_ && !authenticated_;
  if (client_ && !client_->closed_by_peer() && !taken_for_another) co_return Result<>{};
  if (taken_for_another && client_) co_await client_->quit();
  drop();
  RASTEL_CO_CHECK(co_await connect());
  const auto identified = co_await identify();
  if (!identified) drop();
  co_return identified;
}

asio::awaitable<Result<>> NextHopSession::connect() {
  // A PROXY header names one client for the whole connection (PROTOCOLS X-14).
  if (options_.next_hop_proxy == ProxyVersion::off) {
    const auto here = co_await asio::this_coro::executor;
    if (!only_new_) client_ = kept_.take(here);
    used_before_ = client_.has_value();
    if (client_) co_return Result<>{};
  }
  RASTEL_CO_TRY(
      client_, co_await net::SmtpClient::connect(options_.next_hop, own_name_, options_.next_hop_timeout,
                                                 preamble(options_.next_hop_proxy, identity_), tls_, limit_));
  co_return Result<>{};
}

void NextHopSession::set_limit(Deadline limit) {
  limit_ = limit;
  if (client_) client_->set_limit(limit);
}

// Where one of them has died unseen, all may have: the second try is made on a connection of our own.
void NextHopSession::distrust_kept() {
  drop();
  only_new_ = true;
}

bool NextHopSession::keeps_secrets() const {
  const Endpoint& hop = options_.next_hop.endpoint;
  return hop.kind == Endpoint::Kind::unix_socket || is_loopback(hop.host) ||
         (client_ && client_->inside_tls());
}

Result<> NextHopSession::offered(const EnvelopeCommand& command) const {
  for (const std::string_view keyword : command.needs)
    if (!client_->keywords().has(keyword) || (keyword == "REQUIRETLS" && !client_->tls_verified()))
      return fail(ErrorKind::peer,
                  "the next hop no longer offers " + std::string(keyword) + ", which the message demands");
  return {};
}

asio::awaitable<Result<>> NextHopSession::identify() {
  const bool must = options_.forward_client == ForwardClient::xclient;
  if (!must && options_.forward_client != ForwardClient::automatic) co_return Result<>{};
  const auto lines =
      rastel::smtp::format_xclient(attributes_of(identity_), client_->keywords().parameters("XCLIENT"));
  if (lines.empty() || lines.back().find(" ADDR=") == std::string::npos) {
    // It would take all of our mail for local: rather none at all (PROTOCOLS X-10).
    if (must) co_return fail(ErrorKind::peer, "the next hop does not offer us XCLIENT with ADDR");
    co_return Result<>{};
  }
  const bool smtp = options_.next_hop.protocol == NextHop::Protocol::smtp;
  const std::string name = smtp && is_sayable(identity_.helo) ? identity_.helo : own_name_;
  RASTEL_CO_CHECK(co_await client_->identify(lines, name));
  told_ = identity_;
  co_return Result<>{};
}

asio::awaitable<void> NextHopSession::begin_anew() {
  co_await quit();
  mail_ = {};
  recipients_.clear();
  xforward_.clear();
  authenticated_ = false;
}

void NextHopSession::drop() {
  if (client_) client_->abort();
  client_.reset();
  open_ = false;
  between_messages_ = false;
  told_.reset();
  forwarded_ = false;
  asked_for_login_ = false;
  used_before_ = false;
  ahead_.clear();
}

asio::awaitable<Result<Reply>> NextHopSession::say_mail(std::vector<EnvelopeCommand> ahead) {
  RASTEL_CO_CHECK(co_await ensure_connected());
  RASTEL_CO_CHECK(offered(mail_));
  std::vector<std::string> lines;
  const bool reset = std::exchange(used_before_, false);
  if (reset) lines.emplace_back("RSET");
  for (std::string& line : xforward_lines()) {
    forwarded_ = true;
    lines.push_back(std::move(line));
  }
  const std::size_t mail = lines.size();
  lines.push_back(mail_.line);
  if (client_->keywords().has("PIPELINING"))
    for (const EnvelopeCommand& recipient : ahead) {
      if (!offered(recipient)) break;
      lines.push_back(recipient.line);
    }
  RASTEL_CO_TRY(std::vector<Reply> replies, co_await client_->commands(lines));
  if (replies.back().code == 421) co_return std::move(replies.back());
  if (reset && !replies.front().positive())
    co_return fail(ErrorKind::peer, "the next hop refuses RSET: " + replies.front().one_line());
  // A refused XFORWARD costs the next hop's log a name, the message nothing.
  if (replies[mail].positive())
    for (std::size_t i = mail + 1; i < replies.size(); ++i)
      ahead_.push_back({std::move(lines[i]), std::move(replies[i])});
  co_return std::move(replies[mail]);
}

std::vector<std::string> NextHopSession::xforward_lines() const {
  if (options_.forward_client == ForwardClient::off) return {};
  const bool own = xforward_.empty() && identity_.himself && !told_;
  return rastel::smtp::format_xforward(own ? attributes_of(identity_) : xforward_,
                                       client_->keywords().parameters("XFORWARD"));
}

asio::awaitable<Result<Reply>> NextHopSession::authenticate(const std::string& line, Secrecy secrecy) {
  if (asked_for_login_ && client_->closed_by_peer()) {
    drop();
    co_return fail(ErrorKind::peer_closed, "the next hop has left before AUTH was over");
  }
  Result<Reply> reply = fail(ErrorKind::peer_closed, "not asked yet");
  for (bool again = false;; again = true) {
    RASTEL_CO_CHECK(co_await ensure_connected());
    // What came inside TLS goes on inside TLS (PROTOCOLS A-49), whatever an earlier connection had.
    if (secrecy == Secrecy::needed && !keeps_secrets())
      co_return fail(ErrorKind::peer, "the next hop is not inside TLS, and the client's login came so");
    const bool may_have_died = std::exchange(used_before_, false) && !asked_for_login_;
    reply = co_await client_->authenticate(line);
    if ((reply && reply->code != 421) || !may_have_died || again) break;
    distrust_kept();
  }
  asked_for_login_ = reply && reply->code == 334;
  authenticated_ = reply && reply->code == 235;
  if (!reply || reply->code == 421) distrust_kept();
  // Its words may hold a challenge: not for the log.
  if (!reply && reply.error().kind == ErrorKind::peer)
    co_return fail(ErrorKind::peer, "the next hop answers AUTH with what can't be an answer");
  co_return reply;
}

asio::awaitable<Result<Reply>> NextHopSession::mail(EnvelopeCommand command,
                                                    std::vector<rastel::smtp::Attribute> xforward,
                                                    std::vector<EnvelopeCommand> ahead) {
  co_await reset();
  mail_ = std::move(command);
  xforward_ = std::move(xforward);
  auto reply = co_await say_mail(ahead);
  if (!reply || reply->code == 421) {
    // An old connection that has just timed out is no answer: once more on a new one.
    distrust_kept();
    reply = co_await say_mail(std::move(ahead));
  }
  if (!reply || reply->code == 421) drop();
  open_ = reply && reply->positive();
  co_return reply;
}

// A next hop that has left since, or leaves now, is asked again from the start, once: it owns nothing yet
// (PROTOCOLS A-07).
asio::awaitable<Result<Reply>> NextHopSession::recipient(EnvelopeCommand command) {
  for (bool again = false;; again = true) {
    const bool known = client_ && open_ && !client_->closed_by_peer();
    if (known && !ahead_.empty() && ahead_.front().command == command.line) {
      Reply reply = std::move(ahead_.front().reply);
      ahead_.pop_front();
      if (reply.positive()) recipients_.push_back(std::move(command));
      co_return reply;
    }
    if (!known || !ahead_.empty()) {  // the latter: it knows of somebody who isn't to get the message
      std::vector<std::size_t> all;
      for (std::size_t i = 0; i < recipients_.size(); ++i) all.push_back(i);
      const auto begun = co_await begin_again(all);
      if (!begun) {
        drop();  // it may know a part of the envelope
        co_return std::unexpected(begun.error());
      }
    }
    RASTEL_CO_CHECK(offered(command));
    auto reply = co_await client_->command(command.line);
    if (reply && reply->positive()) recipients_.push_back(command);
    const bool left = !reply || reply->code == 421;
    if (left) distrust_kept();
    if (!left || again) co_return reply;
  }
}

asio::awaitable<Result<Reply>> NextHopSession::relay(const std::string& command) {
  RASTEL_CO_CHECK(co_await ensure_connected());
  auto reply = co_await client_->command(command);
  if ((!reply || reply->code == 421) && std::exchange(used_before_, false)) {
    distrust_kept();
    RASTEL_CO_CHECK(co_await ensure_connected());
    reply = co_await client_->command(command);
  }
  if (!reply || reply->code == 421) drop();
  co_return reply;
}

asio::awaitable<void> NextHopSession::reset() {
  mail_ = {};
  recipients_.clear();
  ahead_.clear();
  // XFORWARD holds until a message or RSET: what was said for a refused MAIL too.
  if ((!open_ && !forwarded_) || !client_) co_return;
  open_ = false;
  forwarded_ = false;
  const auto reply = co_await client_->command("RSET");
  if (!reply || !reply->positive()) drop();
}

// On a new connection or after RSET: the same commands must get the same answers.
asio::awaitable<Result<>> NextHopSession::begin_again(const std::vector<std::size_t>& wanted) {
  if (client_ && (open_ || authenticated_ || between_messages_) && !client_->closed_by_peer()) {
    RASTEL_CO_TRY(const Reply reset, co_await client_->command("RSET"));
    if (!reset.positive()) distrust_kept();
  } else {
    distrust_kept();
  }
  open_ = false;
  ahead_.clear();
  std::vector<EnvelopeCommand> all;
  for (const std::size_t index : wanted) all.push_back(recipients_[index]);
  RASTEL_CO_TRY(const Reply mail, co_await say_mail(all));
  if (!mail.positive())
    co_return fail(ErrorKind::peer, "the next hop now refuses the sender: " + mail.one_line());
  for (const EnvelopeCommand& recipient : all) {
    Reply reply;
    if (ahead_.empty()) {
      RASTEL_CO_CHECK(offered(recipient));
      RASTEL_CO_TRY(reply, co_await client_->command(recipient.line));
    } else {
      reply = std::move(ahead_.front().reply);
      ahead_.pop_front();
    }
    if (!reply.positive())
      co_return fail(ErrorKind::peer, "the next hop now refuses a recipient: " + reply.one_line());
  }
  open_ = true;
  co_return Result<>{};
}

asio::awaitable<Transfer> NextHopSession::send(const std::vector<std::size_t>& wanted,
                                               std::string_view header, const Message& message,
                                               const std::function<bool()>& still_wanted,
                                               Deadline answer_by) {
  Transfer transfer;
  const net::Outgoing outgoing{header, &message, wanted.size()};
  set_limit(answer_by);
  const std::shared_ptr<void> afterwards(nullptr, [this](void*) { set_limit(Deadline::never()); });
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool as_told = attempt == 0 && open_ && client_ && !client_->closed_by_peer() && ahead_.empty() &&
                         wanted.size() == recipients_.size();
    if (!as_told) {
      if (const auto begun = co_await begin_again(wanted); !begun) {
        drop();
        transfer.stage = Transfer::Stage::not_sent;
        transfer.problem = begun.error().what;
        co_return transfer;
      }
    }
    transfer = co_await client_->send(outgoing, still_wanted, answer_by);
    if (transfer.stage != Transfer::Stage::not_sent) break;
    distrust_kept();
    if (answer_by.passed()) break;
  }
  open_ = false;
  forwarded_ = false;
  between_messages_ = transfer.stage == Transfer::Stage::answered && transfer.problem.empty();
  if (!transfer.problem.empty()) drop();
  if (transfer.stage == Transfer::Stage::refused && client_)
    open_ = true;  // DATA refused: the transaction may still stand
  co_return transfer;
}

asio::awaitable<void> NextHopSession::quit() {
  if (!client_) co_return;
  const bool anybodys = options_.next_hop_proxy == ProxyVersion::off && !told_ && !authenticated_ &&
                        !asked_for_login_ && !open_ && !forwarded_;
  if (anybodys && kept_.keep(*client_)) {
    client_.reset();
    co_return;
  }
  // A QUIT within an AUTH exchange would be taken for its next line.
  if (!asked_for_login_) co_await client_->quit();
  drop();
}

}  // namespace rastel::doors::smtp
