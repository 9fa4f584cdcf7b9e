// SPDX-License-Identifier: GPL-2.0-only
#include "net/stream.hpp"

#include <array>
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace rastel::net {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

// One watchdog serves all waits of a stream: it wakes at the deadline it was armed for and, when that has
// moved on, arms itself again. So the usual read costs no timer operation at all.
struct Stream::State : std::enable_shared_from_this<Stream::State> {
  explicit State(Socket given) : socket(std::move(given)), timer(socket.get_executor()) {}

  Socket socket;
  asio::steady_timer timer;
  Deadline read_deadline = Deadline::never();
  Deadline write_deadline = Deadline::never();
  Deadline armed_for = Deadline::never();
  bool timed_out = false;
  bool interrupted = false;
  bool reading = false;
  std::array<char, 64 * 1024>* buffer() {
    if (!buffer_) buffer_ = std::make_unique<std::array<char, 64 * 1024>>();
    return buffer_.get();
  }

  void watch() {
    const Deadline next = read_deadline.earlier(write_deadline);
    if (next.is_never() || !(next < armed_for)) return;
    armed_for = next;
    timer.expires_at(next.when());
    timer.async_wait([weak = weak_from_this()](error_code code) {
      if (code) return;
      if (auto self = weak.lock()) self->wake();
    });
  }

  void wake() {
    armed_for = Deadline::never();
    if (read_deadline.passed() || write_deadline.passed()) {
      timed_out = true;
      error_code ignored;
      socket.cancel(ignored);
      return;
    }
    watch();
  }

  Error why(error_code code) const {
    if (code == asio::error::operation_aborted) {
      if (timed_out) return {ErrorKind::timed_out, "the peer was silent for too long"};
      return {ErrorKind::cancelled, "interrupted"};
    }
    if (code == asio::error::eof) return {ErrorKind::peer_closed, "the peer closed the connection"};
    return {ErrorKind::peer_closed, code.message()};
  }

 private:
  std::unique_ptr<std::array<char, 64 * 1024>>
      buffer_;  // only once something was read: idle connections stay small
};

Stream::Stream(Socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  const int on = 1;
  // Fails on unix sockets, where there is nothing to set.
  (void)setsockopt(state_->socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    close();
    state_ = std::move(other.state_);
  }
  return *this;
}

Stream::~Stream() { close(); }

asio::awaitable<Result<std::string_view>> Stream::read(Deadline deadline) {
  const auto state = state_;
  if (state->interrupted) co_return fail(ErrorKind::cancelled, "interrupted");
  if (state->timed_out) co_return fail(ErrorKind::timed_out, "the peer was silent for too long");
  state->read_deadline = deadline;
  state->reading = true;
  state->watch();
  auto* buffer = state->buffer();
  const auto [code, length] = co_await state->socket.async_read_some(asio::buffer(*buffer), as_awaitable);
  state->reading = false;
  state->read_deadline = Deadline::never();
  if (code) {
    Error error = state->why(code);
    state->timed_out = false;  // what is to be said about it can still be written
    co_return std::unexpected(std::move(error));
  }
  co_return std::string_view(buffer->data(), length);
}

asio::awaitable<Result<>> Stream::write(std::string_view bytes, Deadline deadline) {
  const auto state = state_;
  if (state->timed_out) co_return fail(ErrorKind::timed_out, "the peer was silent for too long");
  state->write_deadline = deadline;
  state->watch();
  const auto [code, length] = co_await asio::async_write(state->socket, asio::buffer(bytes), as_awaitable);
  state->write_deadline = Deadline::never();
  if (code) co_return std::unexpected(state->why(code));
  co_return Result<>{};
}

bool Stream::peer_is_gone() {
  if (!state_ || !state_->socket.is_open()) return true;
  char byte;
  const ssize_t got = recv(state_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return false;
  return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void Stream::interrupt_read() {
  if (!state_) return;
  state_->interrupted = true;
  error_code ignored;
  if (state_->reading && state_->write_deadline.is_never()) state_->socket.cancel(ignored);
}

void Stream::close() {
  if (!state_) return;
  error_code ignored;
  state_->timer.cancel();
  state_->socket.close(ignored);
}

void Stream::abort() {
  if (!state_) return;
  const linger now{1, 0};
  (void)setsockopt(state_->socket.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool Stream::is_open() const { return state_ && state_->socket.is_open(); }

asio::any_io_executor Stream::executor() { return state_->socket.get_executor(); }

}  // namespace rastel::net
