// SPDX-License-Identifier: GPL-2.0-only
#include "net/acceptor.hpp"

#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/socket.h>

namespace rastel::net {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

struct Acceptor::State {
  explicit State(const asio::any_io_executor& executor) : listener(executor), pause(executor) {}
  asio::posix::stream_descriptor listener;
  asio::steady_timer pause;
  bool closed = false;
};

Result<Acceptor> Acceptor::create(asio::any_io_executor executor, FileDescriptor listener) {
  const int flags = fcntl(listener.get(), F_GETFL);
  if (flags < 0 || fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return fail_errno(errno, "can't prepare a listening socket");
  auto state = std::make_shared<State>(executor);
  boost::system::error_code code;
  state->listener.assign(listener.get(), code);
  if (code) return fail(ErrorKind::ours, "can't take over a listening socket: " + code.message());
  (void)listener.release();
  return Acceptor(std::move(state));
}

asio::awaitable<Result<Stream::Socket>> Acceptor::accept() { return accept(state_->listener.get_executor()); }

asio::awaitable<Result<Stream::Socket>> Acceptor::accept(asio::any_io_executor executor_of_connection) {
  const auto state = state_;
  for (;;) {
    if (state->closed) co_return fail(ErrorKind::cancelled, "closed");
    FileDescriptor connection(
        accept4(state->listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection) {
      auto socket = adopt(executor_of_connection, std::move(connection));
      if (socket) co_return socket;
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      state->pause.expires_after(std::chrono::milliseconds(100));
      (void)co_await state->pause.async_wait(as_awaitable);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Another process may take what we were woken for: the listener is shared over a hand-over.
      const auto [code] =
          co_await state->listener.async_wait(asio::posix::stream_descriptor::wait_read, as_awaitable);
      if (code && code != asio::error::operation_aborted) co_return fail(ErrorKind::ours, code.message());
    }
  }
}

void Acceptor::close() {
  state_->closed = true;
  state_->pause.cancel();
  boost::system::error_code ignored;
  state_->listener.close(ignored);
}

asio::any_io_executor Acceptor::executor() { return state_->listener.get_executor(); }

}  // namespace rastel::net
