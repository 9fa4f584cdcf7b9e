// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/next_hop.hpp"

#include <algorithm>

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
  RASTEL_CO_TRY(client_,
                co_await net::SmtpClient::connect(options_.next_hop, own_name_, options_.next_hop_timeout,
                                                  preamble(options_.next_hop_proxy, identity_), tls_));
  const auto identified = co_await identify();
  if (!identified) drop();
  co_return identified;
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
  mail_.clear();
  recipients_.clear();
  xforward_.clear();
  authenticated_ = false;
}

void NextHopSession::drop() {
  if (client_) client_->abort();
  client_.reset();
  open_ = false;
  told_.reset();
  forwarded_ = false;
  asked_for_login_ = false;
}

asio::awaitable<Result<Reply>> NextHopSession::say_mail() {
  RASTEL_CO_CHECK(co_await ensure_connected());
  // It was announced because of an earlier connection: another one needn't be as good.
  if (require_tls_ == RequireTls::yes && !(client_->tls_verified() && client_->keywords().has("REQUIRETLS")))
    co_return fail(ErrorKind::peer, "the next hop no longer offers REQUIRETLS, which the message demands");
  std::vector<std::string> lines = xforward_lines();
  forwarded_ = forwarded_ || !lines.empty();
  lines.push_back(mail_);
  // A refused XFORWARD costs the next hop's log a name, the message nothing: only the reply to MAIL counts.
  co_return co_await client_->commands(lines);
}

std::vector<std::string> NextHopSession::xforward_lines() const {
  if (options_.forward_client == ForwardClient::off) return {};
  const bool own = xforward_.empty() && identity_.himself && !told_;
  return rastel::smtp::format_xforward(own ? attributes_of(identity_) : xforward_,
                                       client_->keywords().parameters("XFORWARD"));
}

asio::awaitable<Result<Reply>> NextHopSession::authenticate(const std::string& line) {
  if (asked_for_login_ && client_->closed_by_peer()) {
    drop();
    co_return fail(ErrorKind::peer_closed, "the next hop has left before AUTH was over");
  }
  RASTEL_CO_CHECK(co_await ensure_connected());
  auto reply = co_await client_->authenticate(line);
  asked_for_login_ = reply && reply->code == 334;
  authenticated_ = reply && reply->code == 235;
  if (!reply || reply->code == 421) drop();
  // Its words may hold a challenge: not for the log.
  if (!reply && reply.error().kind == ErrorKind::peer)
    co_return fail(ErrorKind::peer, "the next hop answers AUTH with what can't be an answer");
  co_return reply;
}

asio::awaitable<Result<Reply>> NextHopSession::mail(std::string command,
                                                    std::vector<rastel::smtp::Attribute> xforward,
                                                    RequireTls require_tls) {
  co_await reset();
  mail_ = std::move(command);
  xforward_ = std::move(xforward);
  require_tls_ = require_tls;
  auto reply = co_await say_mail();
  if (!reply || reply->code == 421) {
    // An old connection that has just timed out is no answer: once more on a new one.
    drop();
    reply = co_await say_mail();
  }
  if (!reply || reply->code == 421) drop();
  open_ = reply && reply->positive();
  co_return reply;
}

// A next hop that has left since, or leaves now, is asked again from the start, once: it owns nothing yet
// (PROTOCOLS A-07).
asio::awaitable<Result<Reply>> NextHopSession::recipient(std::string command) {
  for (bool again = false;; again = true) {
    const bool known = client_ && open_ && !client_->closed_by_peer();
    if (!known) {
      std::vector<std::size_t> all;
      for (std::size_t i = 0; i < recipients_.size(); ++i) all.push_back(i);
      RASTEL_CO_CHECK(co_await begin_again(all));
    }
    auto reply = co_await client_->command(command);
    if (reply && reply->positive()) recipients_.push_back(command);
    const bool left = !reply || reply->code == 421;
    if (left) drop();
    if (!left || again) co_return reply;
  }
}

asio::awaitable<Result<Reply>> NextHopSession::relay(const std::string& command) {
  RASTEL_CO_CHECK(co_await ensure_connected());
  auto reply = co_await client_->command(command);
  if (!reply || reply->code == 421) drop();
  co_return reply;
}

asio::awaitable<void> NextHopSession::reset() {
  mail_.clear();
  recipients_.clear();
  // XFORWARD holds until a message or RSET: what was said for a refused MAIL too.
  if ((!open_ && !forwarded_) || !client_) co_return;
  open_ = false;
  forwarded_ = false;
  const auto reply = co_await client_->command("RSET");
  if (!reply || !reply->positive()) drop();
}

// On a new connection or after RSET: the same commands must get the same answers.
asio::awaitable<Result<>> NextHopSession::begin_again(const std::vector<std::size_t>& wanted) {
  if (client_ && (open_ || authenticated_) && !client_->closed_by_peer()) {
    RASTEL_CO_TRY(const Reply reset, co_await client_->command("RSET"));
    if (!reset.positive()) drop();
  } else {
    drop();
  }
  open_ = false;
  RASTEL_CO_TRY(const Reply mail, co_await say_mail());
  if (!mail.positive())
    co_return fail(ErrorKind::peer, "the next hop now refuses the sender: " + mail.one_line());
  for (const std::size_t index : wanted) {
    RASTEL_CO_TRY(const Reply reply, co_await client_->command(recipients_[index]));
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
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool as_told =
        attempt == 0 && open_ && client_ && !client_->closed_by_peer() && wanted.size() == recipients_.size();
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
    drop();
    if (answer_by.passed()) break;
  }
  open_ = false;
  forwarded_ = false;
  recipients_.clear();
  if (!transfer.problem.empty()) drop();
  if (transfer.stage == Transfer::Stage::refused && client_)
    open_ = true;  // DATA refused: the transaction may still stand
  co_return transfer;
}

asio::awaitable<void> NextHopSession::quit() {
  // A QUIT within an AUTH exchange would be taken for its next line.
  if (client_ && !asked_for_login_) co_await client_->quit();
  drop();
}

}  // namespace rastel::doors::smtp
