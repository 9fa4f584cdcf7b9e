// SPDX-License-Identifier: GPL-2.0-only
// Stream: a connected socket (TCP or unix) with a deadline for every wait. Confined to its executor's thread;
// one read and one write may be under way at a time. TCP_NODELAY is set: with Nagle's algorithm a small reply
// waits 40 ms for the peer's delayed acknowledgement.
//
// From start_tls() on everything goes through TLS. The end of such a stream is said (close_notify) by close()
// and not by abort(), and a peer that leaves without saying it reads as one whose connection was cut.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <sys/types.h>

#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/units.hpp"
#include "net/tls.hpp"

namespace rastel::net {

class Stream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  explicit Stream(Socket socket);
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  // Some bytes (at most 64 KiB), appended to nothing: the view is valid until the next read. Errors:
  // peer_closed at the end of the stream or a reset, timed_out, cancelled after interrupt().
  [[nodiscard]] boost::asio::awaitable<Result<std::string_view>> read(Deadline deadline);
  // The same without TLS, with the descriptors that came along (net/descriptors.hpp), appended. Plain reads
  // lose them.
  [[nodiscard]] boost::asio::awaitable<Result<std::string_view>> read(
      Deadline deadline, std::vector<FileDescriptor>& descriptors);
  [[nodiscard]] boost::asio::awaitable<Result<>> write(std::string_view bytes, Deadline deadline);
  // The same without TLS, and a descriptor with the first byte. Error `busy`: the peer has yet to read what
  // was written before; nothing is written.
  [[nodiscard]] boost::asio::awaitable<Result<>> write(std::string_view bytes, int descriptor,
                                                       Deadline deadline);

  // For a peer that sends in small pieces and has no answer to most of them: with Nagle's algorithm on its
  // side each waits for an acknowledgement, which TCP else holds back for 40 ms. Linux, plain TCP; elsewhere
  // nothing.
  void acknowledge_at_once();

  // What the last read brought is no longer needed, and the next one may be far away.
  void release_buffer();

  // The handshake. What was read before is the caller's to throw away. Error `peer`: broken, no common
  // version, or a server that can't be believed; the stream is of no use then.
  [[nodiscard]] boost::asio::awaitable<Result<>> start_tls(std::shared_ptr<const TlsServer> with,
                                                           Deadline deadline);
  [[nodiscard]] boost::asio::awaitable<Result<>> start_tls(std::shared_ptr<const TlsClient> with,
                                                           Deadline deadline);
  [[nodiscard]] std::string tls_version() const;  // "TLSv1.3"; empty: no TLS
  // As a client: the server has proved its name by a chain that is trusted.
  [[nodiscard]] bool tls_verified() const;

  // Whether the peer has closed its side or reset the connection, as far as can be seen without reading:
  // unread bytes hide an end that lies behind them.
  [[nodiscard]] bool peer_is_gone();
  // Whether the peer can't even receive any more: over a unix socket, who closed but one side is there.
  [[nodiscard]] bool peer_has_hung_up();
  // Of a unix socket: whose process it is.
  [[nodiscard]] std::optional<uid_t> peer_user();
  // The peer is there, as far as can be seen, and has sent nothing that isn't read.
  [[nodiscard]] bool peer_is_quiet();

  // Lets a read that waits now, or the next one, end with `cancelled`; a write under way is not disturbed.
  void interrupt_read();

  // The peer sees the end behind what was written, and may go on sending. Not with TLS.
  void end_output();
  // An orderly end: what was written still reaches the peer.
  void close();
  // Resets a TCP connection, so that the peer can't take what it has for a complete transfer.
  void abort();
  [[nodiscard]] bool is_open() const;

  [[nodiscard]] boost::asio::any_io_executor executor();

 private:
  struct State;
  using Length = Result<std::size_t>;
  [[nodiscard]] static boost::asio::awaitable<Length> read_plain(std::shared_ptr<State> state);
  [[nodiscard]] static boost::asio::awaitable<Length> read_message(std::shared_ptr<State> state,
                                                                   std::vector<FileDescriptor>& descriptors);
  [[nodiscard]] static boost::asio::awaitable<Result<std::string_view>> read_by(
      std::shared_ptr<State> state, Deadline deadline, std::vector<FileDescriptor>* descriptors);
  enum class Peer { quiet, has_spoken, gone };
  [[nodiscard]] Peer look_at_peer();
  [[nodiscard]] static boost::asio::awaitable<Result<>> shake_hands(std::shared_ptr<State> state,
                                                                    Deadline deadline);
  // Shared with the handlers of its timer, which may run once more after the stream has gone.
  std::shared_ptr<State> state_;
};

// Connects; names are resolved (first answer that connects wins).
[[nodiscard]] boost::asio::awaitable<Result<Stream>> connect(const Endpoint& endpoint, Deadline deadline);

// Takes over a connected or listening descriptor.
[[nodiscard]] Result<Stream::Socket> adopt(boost::asio::any_io_executor executor, FileDescriptor descriptor);

// Binds and listens (SOMAXCONN), for programs without a master (`rastel sink`, tests). A stale unix socket
// (nobody answers) is removed first.
[[nodiscard]] Result<FileDescriptor> listen_on(const Endpoint& endpoint);

}  // namespace rastel::net
