// SPDX-License-Identifier: GPL-2.0-only
// The upstream side of one session: connected when first needed, told every MAIL and RCPT as the client says
// them, and told again from the start when the connection was lost while we still own nothing (PROTOCOLS
//
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doors/smtp/client_identity.hpp"
#include "doors/smtp/options.hpp"
#include "net/smtp_client.hpp"
#include "protocol/smtp/xtext.hpp"

namespace rastel::doors::smtp {

// RFC 8689: the sender has said REQUIRETLS for this message.
enum class RequireTls { no, yes };

class NextHopSession {
 public:
  NextHopSession(const SmtpDoorOptions& options, const net::NextHopTlsPolicy& tls, std::string own_name,
                 ClientIdentity client)
      : options_(options), tls_(tls), own_name_(std::move(own_name)), identity_(std::move(client)) {}

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
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> mail(
      std::string command, std::vector<rastel::smtp::Attribute> xforward, RequireTls require_tls);
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> recipient(std::string command);
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> relay(const std::string& command);
  // A line of AUTH: the command, or what answers the 334 before; after 235 no other connection can take the
  // place of this one.
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> authenticate(const std::string& line);
  [[nodiscard]] bool login_is_lost() { return authenticated_ && (!client_ || client_->closed_by_peer()); }
  [[nodiscard]] boost::asio::awaitable<void> reset();

  // Hands over to the recipients named by `wanted` (indexes of accepted ones, in order).
  [[nodiscard]] boost::asio::awaitable<net::Transfer> send(const std::vector<std::size_t>& wanted,
                                                           std::string_view header, const Message& message,
                                                           const std::function<bool()>& still_wanted,
                                                           Deadline answer_by);
  [[nodiscard]] boost::asio::awaitable<void> quit();
  void drop();

 private:
  [[nodiscard]] boost::asio::awaitable<Result<>> begin_again(const std::vector<std::size_t>& wanted);
  [[nodiscard]] boost::asio::awaitable<Result<rastel::smtp::Reply>> say_mail();
  [[nodiscard]] boost::asio::awaitable<Result<>> identify();
  [[nodiscard]] std::vector<std::string> xforward_lines() const;

  const SmtpDoorOptions& options_;
  const net::NextHopTlsPolicy& tls_;
  std::string own_name_;
  ClientIdentity identity_;
  std::optional<net::SmtpClient> client_;
  std::string mail_;
  std::vector<rastel::smtp::Attribute> xforward_;
  RequireTls require_tls_ = RequireTls::no;
  std::vector<std::string> recipients_;  // the commands that were accepted
  bool open_ = false;                    // the next hop knows our transaction
  std::optional<ClientIdentity> told_;   // whom the next hop takes for the client, by XCLIENT
  bool forwarded_ = false;               // by XFORWARD since its last RSET or message
  bool asked_for_login_ = false;         // its 334 waits for an answer
  bool authenticated_ = false;
};

}  // namespace rastel::doors::smtp
