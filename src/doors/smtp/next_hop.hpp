// SPDX-License-Identifier: GPL-2.0-only
// The upstream side of one session: connected when first needed, by a connection that an earlier session has
// left if there is one (KeptConnections), told every MAIL and RCPT as the client says them, and told again
// from the start when the connection was lost while we still own nothing (PROTOCOLS A-07).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "doors/smtp/client_identity.hpp"
#include "doors/smtp/kept_connections.hpp"
#include "doors/smtp/options.hpp"
#include "net/smtp_client.hpp"
#include "protocol/smtp/xtext.hpp"

namespace rastel::doors::smtp {

// MAIL or RCPT as the client has said it, and the keywords that a next hop must offer to hear it: they were
// announced because of an earlier connection, and another one needn't be as good.
struct EnvelopeCommand {
  std::string line;  // without CRLF
  std::vector<std::string_view> needs;
};

enum class Secrecy { needed, not_needed };

class NextHopSession {
 public:
  // What is referred to outlives it.
  NextHopSession(const SmtpDoorOptions& options, const net::NextHopTlsPolicy& tls, KeptConnections& kept,
                 std::string own_name, ClientIdentity client)
      : options_(options),
        tls_(tls),
        kept_(kept),
        own_name_(std::move(own_name)),
        identity_(std::move(client)) {}

  // Who the client is from now on, where he or who speaks for him has said so anew.
  void set_client(ClientIdentity client) { identity_ = std::move(client); }
  // All is forgotten: the next connection is another client's.
  [[nodiscard]] boost::asio::awaitable<void> begin_anew();

  [[nodiscard]] boost::asio::awaitable<Result<>> ensure_connected();
  [[nodiscard]] const rastel::smtp::Keywords* keywords() const {
    return client_ ? &client_->keywords() : nullptr;
  }

  // Encrypted, and the server has proved its name.
  [[nodiscard]] bool tls_verified() const { return client_ && client_->tls_verified(); }

  // The answer of the next hop, whatever it is; an Error when there is none.
  // `ahead`: the first commands of recipient() that will follow, where they are known already: they go out
  // with MAIL, and their answers wait here.
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> mail(
      EnvelopeCommand command, std::vector<rastel::smtp::Attribute> xforward,
      std::vector<EnvelopeCommand> ahead);
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> recipient(EnvelopeCommand command);
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> relay(const std::string& command);
  // What is said to it can't be overheard by others: it is this machine, or inside TLS.
  [[nodiscard]] bool keeps_secrets() const;
  // A line of AUTH: the command, or what answers the 334 before; after 235 no other connection can take the
  // place of this one.
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> authenticate(const std::string& line,
                                                                                 Secrecy secrecy);
  [[nodiscard]] bool login_is_lost() { return authenticated_ && (!client_ || client_->closed_by_peer()); }
  [[nodiscard]] boost::asio::awaitable<void> reset();

  // Hands over to the recipients named by `wanted` (indexes of accepted ones, in order). Until reset() or
  // mail() others can be sent another message in the same envelope.
  [[nodiscard]] boost::asio::awaitable<net::Transfer> send(const std::vector<std::size_t>& wanted,
                                                           std::string_view header, const Message& message,
                                                           const std::function<bool()>& still_wanted,
                                                           Deadline answer_by);
  // The connection is left to another session, or ended.
  [[nodiscard]] boost::asio::awaitable<void> quit();
  void drop();

 private:
  [[nodiscard]] boost::asio::awaitable<Result<>> begin_again(const std::vector<std::size_t>& wanted);
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> say_mail(
      std::vector<EnvelopeCommand> ahead);
  [[nodiscard]] Result<> offered(const EnvelopeCommand& command) const;
  void set_limit(Deadline limit);
  void distrust_kept();
  [[nodiscard]] boost::asio::awaitable<Result<>> connect();
  [[nodiscard]] boost::asio::awaitable<Result<>> identify();
  [[nodiscard]] std::vector<std::string> xforward_lines() const;

  const SmtpDoorOptions& options_;
  const net::NextHopTlsPolicy& tls_;
  KeptConnections& kept_;
  std::string own_name_;
  ClientIdentity identity_;
  std::optional<net::SmtpClient> client_;
  EnvelopeCommand mail_;
  std::vector<rastel::smtp::Attribute> xforward_;
  std::vector<EnvelopeCommand> recipients_;  // those that were accepted
  struct Answered {
    std::string command;
    rastel::smtp::Reply reply;
  };
  std::deque<Answered> ahead_;  // recipients that the next hop has heard of before we were asked to tell it
  bool open_ = false;           // the next hop knows our transaction
  bool between_messages_ = false;       // it has answered one and knows of no other
  bool used_before_ = false;            // by another session, and not reset since (PROTOCOLS A-47)
  bool only_new_ = false;               // a kept connection was of no use: no other is tried
  Deadline limit_ = Deadline::never();  // while a message's answer is due by then
  std::optional<ClientIdentity> told_;  // whom the next hop takes for the client, by XCLIENT
  bool forwarded_ = false;              // by XFORWARD since its last RSET or message
  bool asked_for_login_ = false;        // its 334 waits for an answer
  bool authenticated_ = false;
};

}  // namespace rastel::doors::smtp
