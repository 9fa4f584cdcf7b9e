// SPDX-License-Identifier: GPL-2.0-only
// connect(), adopt() and listen_on() of net/stream.hpp.
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/stream.hpp"

namespace rastel::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
using AnyEndpoint = asio::generic::stream_protocol::endpoint;

asio::awaitable<Result<std::vector<AnyEndpoint>>> resolve(const Endpoint& endpoint) {
  std::vector<AnyEndpoint> found;
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    if (endpoint.path.size() >= sizeof(sockaddr_un::sun_path))
      co_return fail(ErrorKind::invalid_input,
                     to_string(endpoint) + ": the path is too long for a unix socket");
    found.emplace_back(asio::local::stream_protocol::endpoint(endpoint.path));
    co_return found;
  }
  if (endpoint.kind == Endpoint::Kind::none)
    co_return fail(ErrorKind::invalid_input, "no address to connect to");
  error_code code;
  const auto numeric = asio::ip::make_address(endpoint.host, code);
  if (!code) {
    found.emplace_back(asio::ip::tcp::endpoint(numeric, endpoint.port));
    co_return found;
  }
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto [problem, results] =
      co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), as_awaitable);
  if (problem) co_return fail(ErrorKind::peer, "can't resolve " + endpoint.host + ": " + problem.message());
  for (const auto& result : results) found.emplace_back(result.endpoint());
  co_return found;
}

}  // namespace

asio::awaitable<Result<Stream>> connect(const Endpoint& endpoint, Deadline deadline) {
  RASTEL_CO_TRY(const auto candidates, co_await resolve(endpoint));
  const auto executor = co_await asio::this_coro::executor;
  error_code last = asio::error::host_unreachable;
  for (const auto& candidate : candidates) {
    // Shared with the timer's handler, which may run once more after we have gone on.
    auto socket = std::make_shared<Stream::Socket>(executor);
    asio::steady_timer timer(executor);
    if (!deadline.is_never()) {
      timer.expires_at(deadline.when());
      timer.async_wait([weak = std::weak_ptr(socket)](error_code code) {
        const auto alive = weak.lock();
        error_code ignored;
        if (!code && alive) alive->cancel(ignored);
      });
    }
    const auto [code] = co_await socket->async_connect(candidate, as_awaitable);
    timer.cancel();
    if (!code) co_return Stream(std::move(*socket));
    last = code;
    if (deadline.passed())
      co_return fail(ErrorKind::timed_out, "no connection to " + to_string(endpoint) + " in time");
  }
  co_return fail(ErrorKind::peer_closed, "can't connect to " + to_string(endpoint) + ": " + last.message());
}

Result<Stream::Socket> adopt(asio::any_io_executor executor, FileDescriptor descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return fail_errno(errno, "not a socket");
  const asio::generic::stream_protocol protocol(storage.ss_family,
                                                storage.ss_family == AF_UNIX ? 0 : IPPROTO_TCP);
  Stream::Socket socket(executor);
  error_code code;
  socket.assign(protocol, descriptor.get(), code);
  if (code) return fail(ErrorKind::ours, "can't take over a socket: " + code.message());
  (void)descriptor.release();
  return socket;
}

Result<FileDescriptor> listen_on(const Endpoint& endpoint) {
  AnyEndpoint address;
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    if (endpoint.path.size() >= sizeof(sockaddr_un::sun_path))
      return fail(ErrorKind::invalid_input, to_string(endpoint) + ": the path is too long for a unix socket");
    address = asio::local::stream_protocol::endpoint(endpoint.path);
  } else {
    error_code code;
    const auto numeric = asio::ip::make_address(endpoint.host, code);
    if (code)
      return fail(ErrorKind::invalid_input, to_string(endpoint) + ": give a numeric address to listen on");
    address = asio::ip::tcp::endpoint(numeric, endpoint.port);
  }
  FileDescriptor listener(socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno(errno, "can't create a socket");
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    // A socket file that nobody answers at is left over from a process that was killed.
    const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), address.data(), static_cast<socklen_t>(address.size())) != 0 &&
        errno == ECONNREFUSED)
      unlink(endpoint.path.c_str());
  } else {
    const int on = 1;
    (void)setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (bind(listener.get(), address.data(), static_cast<socklen_t>(address.size())) != 0)
    return fail_errno(errno, "can't listen on " + to_string(endpoint));
  if (listen(listener.get(), SOMAXCONN) != 0)
    return fail_errno(errno, "can't listen on " + to_string(endpoint));
  return listener;
}

}  // namespace rastel::net
