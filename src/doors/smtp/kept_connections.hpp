// SPDX-License-Identifier: GPL-2.0-only
// Connections to the next hop that a session has left at rest, kept for a little while for the next one: a
// mail server in front of us often opens a session a message, and to connect and to be greeted anew costs the
// next hop, and us, more than the message. One to a door. A connection stays on its thread: only sessions of
// the same thread get it. Limits: `most` of them, each at most `idle` without a session and `oldest` in all;
// beyond these it is closed. What may not be shared at all (a login, XCLIENT, a PROXY header) is the caller's
// to know. Thread-safe. Outlived by the threads' contexts.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/units.hpp"
#include "net/smtp_client.hpp"

namespace rastel::doors::smtp {

class KeptConnections : public std::enable_shared_from_this<KeptConnections> {
 public:
  static constexpr std::size_t most = 32;
  static constexpr Duration oldest{std::chrono::minutes(5)};

  explicit KeptConnections(Duration idle) : idle_(idle) {}
  ~KeptConnections() { close(); }

  // The one that was left last, as long as its server has neither spoken nor gone since.
  [[nodiscard]] std::optional<net::SmtpClient> take(const boost::asio::any_io_executor& executor);
  // On the connection's thread. False, and the client is as it was: it can't be kept; end it.
  [[nodiscard]] bool keep(net::SmtpClient& client);
  // What is kept ends, and nothing more is kept.
  void close();

 private:
  struct Kept {
    explicit Kept(net::SmtpClient left) : client(std::move(left)), expiry(client.executor()) {}
    net::SmtpClient client;
    boost::asio::steady_timer expiry;
  };
  using KeptPointer = std::shared_ptr<Kept>;  // shared with the handler of its timer

  void expired(const KeptPointer& kept);

  const Duration idle_;
  std::mutex mutex_;  // for all below
  std::list<KeptPointer> kept_;
  bool closed_ = false;
};

}  // namespace rastel::doors::smtp
