// SPDX-License-Identifier: GPL-2.0-only
// SmtpClient: a conversation with a next hop over SMTP or LMTP, used by doors, releases and `rastel send`.
// Confined to its stream's thread. After an error the conversation is over: drop the client and, if nothing
// was handed over, start anew.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/message.hpp"
#include "net/stream.hpp"
#include "protocol/smtp/client_machine.hpp"
#include "protocol/smtp/ehlo.hpp"

namespace rastel::net {

// How far a message got; who owns it follows from that (RFC 5321 6.1).
struct Transfer {
  enum class Stage {
    refused,   // an answer before the end of data, or to it: `replies` say which; the sender owns the message
    not_sent,  // the connection failed before the end of data was sent: the sender owns the message
    unanswered,  // the end of data was sent and nothing came back: nobody knows; a retry may make a duplicate
    answered,  // `replies` answer the end of data: one (SMTP), or one a recipient (LMTP), 451 where none came
    abandoned,  // `still_wanted` said no before the end of data was sent
  };
  Stage stage = Stage::not_sent;
  std::vector<smtp::Reply> replies;
  std::string problem;  // for not_sent and unanswered, and when only a part was answered
};

struct Outgoing {
  std::string_view header;  // put on top; CRLF at its end, or empty
  const Message* message = nullptr;
  std::size_t recipients = 1;  // accepted ones: LMTP answers each
};

// How a next hop is spoken to. `may`: TLS where it is offered, with anybody, and in clear where it fails, so
// it only keeps out who listens. `require`, `implicit`: with who has proved his name, or not at all.
struct NextHopTlsPolicy {
  enum class Mode { none, may, require, implicit };
  Mode mode = Mode::none;
  std::shared_ptr<const TlsClient> client;  // set unless `none`
};

class SmtpClient {
 public:
  // Connects, writes `preamble` (a PROXY header, or nothing) before all else, reads the banner, says EHLO
  // (HELO if that is refused) or LHLO. Error `peer` with the server's words when it refuses, and when TLS is
  // not to be had as `tls` wants it.
  [[nodiscard]] static boost::asio::awaitable<Result<SmtpClient>> connect(
      const NextHop& next_hop, std::string own_name, Duration patience, std::string preamble = {},
      NextHopTlsPolicy tls = {}, Deadline limit = Deadline::never());

  // From now on nothing is waited for beyond it, however patient we are otherwise.
  void set_limit(Deadline limit) { limit_ = limit; }

  [[nodiscard]] const smtp::Keywords& keywords() const { return keywords_; }

  // One command (without CRLF), one reply. An unexpected class is error `peer`. A 421 is a reply like others;
  // the conversation is over then.
  [[nodiscard]] boost::asio::awaitable<Result<smtp::Reply>> command(std::string_view line);

  // Several commands; a reply each, fewer where one is a 421, behind which replies may still be due: drop the
  // client then. In one write where the server offers PIPELINING (RFC 2920), else one after another.
  // In one write a reply too many can't be told from the next one's; the command after these finds it.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<smtp::Reply>>> commands(
      const std::vector<std::string>& lines);

  // One line of an AUTH exchange, the command or what answers a 334: 334, 235, or a refusal.
  [[nodiscard]] boost::asio::awaitable<Result<smtp::Reply>> authenticate(std::string_view line);

  // Says XCLIENT, `lines` as format_xclient() makes them, then EHLO as `name`: the session begins anew, and
  // the keywords are read again (PROTOCOLS A-22). Error `peer` where any of it is refused.
  [[nodiscard]] boost::asio::awaitable<Result<>> identify(const std::vector<std::string>& lines,
                                                          const std::string& name);

  // DATA, the content, the end of data. `still_wanted` is asked just before the end of data. `answer_by`: for
  // the reply to the end of data, which isn't sent any more when that has passed: nobody could hear the
  // answer.
  [[nodiscard]] boost::asio::awaitable<Transfer> send(const Outgoing& outgoing,
                                                      const std::function<bool()>& still_wanted,
                                                      Deadline answer_by);

  [[nodiscard]] boost::asio::awaitable<void> quit();  // politely, without waiting for long
  // Encrypted, and the server has proved its name.
  [[nodiscard]] bool tls_verified() const { return stream_.tls_verified(); }
  [[nodiscard]] bool inside_tls() const { return !stream_.tls_version().empty(); }
  void abort() { stream_.abort(); }
  [[nodiscard]] bool closed_by_peer() { return stream_.peer_is_gone(); }
  // Another conversation can go on with it: nothing is under way, unread or amiss, the server has refused
  // nothing (it may count that against the connection), and it is not older than `most`.
  [[nodiscard]] bool reusable(Duration most);
  [[nodiscard]] boost::asio::any_io_executor executor() { return stream_.executor(); }

 private:
  SmtpClient(Stream stream, smtp::Keywords keywords, Duration patience, bool lmtp)
      : stream_(std::move(stream)), keywords_(std::move(keywords)), patience_(patience), lmtp_(lmtp) {}

  // What became of TLS on a connection; `lost`: it is of no use any more.
  enum class TlsOutcome { as_wanted, lost };
  [[nodiscard]] static boost::asio::awaitable<Result<SmtpClient>> open(
      const NextHop& next_hop, const std::string& own_name, Duration patience, const std::string& preamble,
      const NextHopTlsPolicy& tls, Deadline limit, TlsOutcome& outcome);
  [[nodiscard]] Deadline soon() const { return Deadline::in(patience_).earlier(limit_); }
  [[nodiscard]] boost::asio::awaitable<Result<>> start_tls(const NextHopTlsPolicy& tls,
                                                           const std::string& own_name, TlsOutcome& outcome);
  [[nodiscard]] boost::asio::awaitable<Result<smtp::Reply>> reply(Deadline deadline);
  [[nodiscard]] boost::asio::awaitable<Result<>> hello(const std::string& own_name);
  [[nodiscard]] boost::asio::awaitable<Result<>> send_content(const Outgoing& outgoing, std::string& tail);

  Stream stream_;
  smtp::ClientMachine machine_;
  smtp::Keywords keywords_;
  Duration patience_;
  Deadline limit_ = Deadline::never();
  bool lmtp_;
  bool refused_ = false;  // a 4xx or 5xx, to whatever it was
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace rastel::net
