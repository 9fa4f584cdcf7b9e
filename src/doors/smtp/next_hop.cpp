// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/next_hop.hpp"

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

}  // namespace

asio::awaitable<Result<>> NextHopSession::ensure_connected() {
  if (client_ && !client_->closed_by_peer()) co_return Result<>{};
  drop();
  RASTEL_CO_TRY(client_,
                co_await net::SmtpClient::connect(options_.next_hop, own_name_, options_.next_hop_timeout,
                                                  preamble(options_.next_hop_proxy, identity_), tls_));
  co_return Result<>{};
}

void NextHopSession::drop() {
  if (client_) client_->abort();
  client_.reset();
  open_ = false;
}

asio::awaitable<Result<Reply>> NextHopSession::say_mail() {
  RASTEL_CO_CHECK(co_await ensure_connected());
  // It was announced because of an earlier connection: another one needn't be as good.
  if (require_tls_ == RequireTls::yes && !(client_->tls_verified() && client_->keywords().has("REQUIRETLS")))
    co_return fail(ErrorKind::peer, "the next hop no longer offers REQUIRETLS, which the message demands");
  if (client_->keywords().has("XFORWARD")) {
    for (const std::string& line :
         rastel::smtp::format_xforward(xforward_, client_->keywords().parameters("XFORWARD"))) {
      // A refusal costs the next hop's log a name, the message nothing.
      RASTEL_CO_CHECK(co_await client_->command(line));
    }
  }
  co_return co_await client_->command(mail_);
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
  if (!reply) drop();
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
  if (!open_ || !client_) co_return;
  open_ = false;
  const auto reply = co_await client_->command("RSET");
  if (!reply || !reply->positive()) drop();
}

// On a new connection or after RSET: the same commands must get the same answers.
asio::awaitable<Result<>> NextHopSession::begin_again(const std::vector<std::size_t>& wanted) {
  if (client_ && open_ && !client_->closed_by_peer()) {
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
  recipients_.clear();
  if (!transfer.problem.empty()) drop();
  if (transfer.stage == Transfer::Stage::refused && client_)
    open_ = true;  // DATA refused: the transaction may still stand
  co_return transfer;
}

asio::awaitable<void> NextHopSession::quit() {
  if (client_) co_await client_->quit();
  client_.reset();
}

}  // namespace rastel::doors::smtp
