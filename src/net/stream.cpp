// SPDX-License-Identifier: GPL-2.0-only
#include "net/stream.hpp"

#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/os/peer_user.hpp"
#include "net/descriptors.hpp"
#include "net/tls_engine.hpp"

namespace rastel::net {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
using Step = TlsEngine::Step;

// A connection that says little at a time (commands, or nothing at all) holds a small buffer, one that brings
// a message a large one.
constexpr std::size_t small_buffer = 4 * 1024;
constexpr std::size_t large_buffer = 64 * 1024;

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
  bool acknowledges_at_once = false;
  std::unique_ptr<TlsEngine> tls;

  // For the next read: large once the one before filled a small one.
  char* buffer() {
    const std::size_t wanted = filled_ >= small_buffer ? large_buffer : small_buffer;
    if (wanted != size_) {
      buffer_ = std::make_unique_for_overwrite<char[]>(wanted);
      size_ = wanted;
    }
    return buffer_.get();
  }
  [[nodiscard]] std::size_t buffer_size() const { return size_; }
  void release_buffer() {
    buffer_.reset();
    size_ = filled_ = 0;
  }
  std::string_view filled(std::size_t length) {
    filled_ = length;
    return {buffer_.get(), length};
  }

  // Waits for what a TLS call lacks. False: the wait has failed, or the stream was closed meanwhile.
  asio::awaitable<error_code> wait_for(Step step) {
    const auto what = step == Step::wants_read ? Socket::wait_read : Socket::wait_write;
    const auto [code] = co_await socket.async_wait(what, as_awaitable);
    if (!code && !tls) co_return asio::error::operation_aborted;
    co_return code;
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

  // As much as the kernel takes now, which is nearly always all: no turn of the event loop for a reply.
  Result<> write_at_once(std::string_view& bytes) {
    while (!bytes.empty()) {
      const ssize_t sent =
          send(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (sent < 0) return std::unexpected(why({errno, boost::system::system_category()}));
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  // Some decrypted bytes into buffer().
  asio::awaitable<Result<std::size_t>> read_tls() {
    for (;;) {
      char* into = buffer();
      const TlsEngine::Outcome outcome = tls->read(into, buffer_size());
      if (outcome.step == Step::done) co_return outcome.length;
      if (outcome.step == Step::ended)
        co_return fail(ErrorKind::peer_closed, "the peer closed the connection");
      if (outcome.step == Step::failed) co_return fail(ErrorKind::peer_closed, tls->error());
      const error_code code = co_await wait_for(outcome.step);
      if (code) co_return std::unexpected(why(code));
    }
  }

  asio::awaitable<Result<>> write_tls(std::string_view bytes) {
    while (!bytes.empty()) {
      const TlsEngine::Outcome outcome = tls->write(bytes);
      if (outcome.step == Step::done) {
        bytes.remove_prefix(outcome.length);
        continue;
      }
      if (outcome.step == Step::ended || outcome.step == Step::failed)
        co_return fail(ErrorKind::peer_closed, outcome.step == Step::failed ? tls->error() : "closed");
      const error_code code = co_await wait_for(outcome.step);
      if (code) co_return std::unexpected(why(code));
    }
    co_return Result<>{};
  }

 private:
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;
  std::size_t filled_ = 0;  // by the last read
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
  return read_by(state_, deadline, nullptr);
}

asio::awaitable<Result<std::string_view>> Stream::read(Deadline deadline,
                                                       std::vector<FileDescriptor>& descriptors) {
  return read_by(state_, deadline, &descriptors);
}

asio::awaitable<Result<std::string_view>> Stream::read_by(std::shared_ptr<State> state, Deadline deadline,
                                                          std::vector<FileDescriptor>* descriptors) {
  if (state->interrupted) co_return fail(ErrorKind::cancelled, "interrupted");
  if (state->timed_out) co_return fail(ErrorKind::timed_out, "the peer was silent for too long");
  state->read_deadline = deadline;
  state->reading = true;
  state->watch();
  Length length = 0;
  if (state->tls)
    length = co_await state->read_tls();
  else if (descriptors != nullptr)
    length = co_await read_message(state, *descriptors);
  else
    length = co_await read_plain(state);
  state->reading = false;
  state->read_deadline = Deadline::never();
  if (!length) {
    state->timed_out = false;  // what is to be said about it can still be written
    co_return std::unexpected(std::move(length).error());
  }
  co_return state->filled(*length);
}

asio::awaitable<Stream::Length> Stream::read_plain(std::shared_ptr<State> state) {
  char* buffer = state->buffer();
  const auto [code, got] =
      co_await state->socket.async_read_some(asio::buffer(buffer, state->buffer_size()), as_awaitable);
  if (code) co_return std::unexpected(state->why(code));
#ifdef TCP_QUICKACK
  // It lasts for what has come by now; the kernel goes back to waiting by itself.
  const int on = 1;
  if (state->acknowledges_at_once)
    (void)setsockopt(state->socket.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
  co_return got;
}

void Stream::acknowledge_at_once() { state_->acknowledges_at_once = true; }

asio::awaitable<Stream::Length> Stream::read_message(std::shared_ptr<State> state,
                                                     std::vector<FileDescriptor>& descriptors) {
  for (;;) {
    // First of all: a peer that sends without a pause leaves the thread to others in between.
    const auto [code] = co_await state->socket.async_wait(Socket::wait_read, as_awaitable);
    if (code) co_return std::unexpected(state->why(code));
    char* buffer = state->buffer();
    const ReceivedBytes got =
        receive_with_descriptors(state->socket.native_handle(), buffer, state->buffer_size(), descriptors);
    if (got.error == EAGAIN) continue;
    if (got.error != 0) co_return std::unexpected(state->why({got.error, boost::system::system_category()}));
    if (got.length == 0) co_return std::unexpected(state->why(asio::error::eof));
    co_return got.length;
  }
}

asio::awaitable<Result<>> Stream::write(std::string_view bytes, Deadline deadline) {
  const auto state = state_;
  if (state->timed_out) co_return fail(ErrorKind::timed_out, "the peer was silent for too long");
  Result<> written;
  if (!state->tls) {
    written = state->write_at_once(bytes);
    if (!written || bytes.empty()) co_return written;
  }
  state->write_deadline = deadline;
  state->watch();
  if (state->tls) {
    written = co_await state->write_tls(bytes);
  } else {
    const auto [code, length] = co_await asio::async_write(state->socket, asio::buffer(bytes), as_awaitable);
    if (code) written = std::unexpected(state->why(code));
  }
  state->write_deadline = Deadline::never();
  co_return written;
}

asio::awaitable<Result<>> Stream::write(std::string_view bytes, int descriptor, Deadline deadline) {
  const SentBytes sent =
      send_with_descriptor(state_->socket.native_handle(), bytes.data(), bytes.size(), descriptor);
  if (sent.error == EAGAIN) co_return fail(ErrorKind::busy, "the peer doesn't read");
  if (sent.error != 0) co_return std::unexpected(state_->why({sent.error, boost::system::system_category()}));
  co_return co_await write(bytes.substr(sent.length), deadline);
}

void Stream::release_buffer() {
  if (state_ && !state_->reading) state_->release_buffer();
}

asio::awaitable<Result<>> Stream::start_tls(std::shared_ptr<const TlsServer> with, Deadline deadline) {
  const auto state = state_;
  RASTEL_CO_TRY(state->tls, TlsEngine::server(std::move(with), state->socket.native_handle()));
  co_return co_await shake_hands(state, deadline);
}

asio::awaitable<Result<>> Stream::start_tls(std::shared_ptr<const TlsClient> with, Deadline deadline) {
  const auto state = state_;
  RASTEL_CO_TRY(state->tls, TlsEngine::client(std::move(with), state->socket.native_handle()));
  co_return co_await shake_hands(state, deadline);
}

asio::awaitable<Result<>> Stream::shake_hands(std::shared_ptr<State> state, Deadline deadline) {
  error_code code;
  state->socket.native_non_blocking(true, code);
  if (code) co_return std::unexpected(state->why(code));
  state->write_deadline = deadline;
  state->watch();
  Result<> done;
  for (;;) {
    const TlsEngine::Outcome outcome = state->tls->handshake();
    if (outcome.step == Step::done) break;
    if (outcome.step == Step::ended || outcome.step == Step::failed) {
      done = fail(ErrorKind::peer, "TLS: " + state->tls->error());
      break;
    }
    code = co_await state->wait_for(outcome.step);
    if (!code) continue;
    done = std::unexpected(state->why(code));
    break;
  }
  state->write_deadline = Deadline::never();
  co_return done;
}

std::string Stream::tls_version() const {
  return state_ && state_->tls ? state_->tls->version() : std::string();
}

bool Stream::tls_verified() const { return state_ && state_->tls && state_->tls->verified(); }

Stream::Peer Stream::look_at_peer() {
  if (!state_ || !state_->socket.is_open()) return Peer::gone;
  if (state_->tls) {
    const Step step = state_->tls->look().step;
    if (step == Step::done) return Peer::has_spoken;
    return step == Step::ended || step == Step::failed ? Peer::gone : Peer::quiet;
  }
  char byte;
  const ssize_t got = recv(state_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return Peer::has_spoken;
  const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return nothing_yet ? Peer::quiet : Peer::gone;
}

bool Stream::peer_is_gone() { return look_at_peer() == Peer::gone; }

bool Stream::peer_has_hung_up() {
  if (!state_ || !state_->socket.is_open()) return true;
  pollfd peer{state_->socket.native_handle(), 0, 0};
  return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

std::optional<uid_t> Stream::peer_user() {
  if (!state_ || !state_->socket.is_open()) return std::nullopt;
  return os::peer_user(state_->socket.native_handle());
}

bool Stream::peer_is_quiet() { return look_at_peer() == Peer::quiet; }

void Stream::interrupt_read() {
  if (!state_) return;
  state_->interrupted = true;
  error_code ignored;
  if (state_->reading && state_->write_deadline.is_never()) state_->socket.cancel(ignored);
}

void Stream::end_output() {
  if (!state_) return;
  error_code ignored;
  state_->socket.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  if (!state_) return;
  error_code ignored;
  if (state_->tls) state_->tls->say_end();
  state_->tls.reset();  // before its descriptor's number may belong to another connection
  state_->timer.cancel();
  state_->socket.close(ignored);
}

void Stream::abort() {
  if (!state_) return;
  const linger now{1, 0};
  (void)setsockopt(state_->socket.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  state_->tls.reset();
  close();
}

bool Stream::is_open() const { return state_ && state_->socket.is_open(); }

asio::any_io_executor Stream::executor() { return state_->socket.get_executor(); }

}  // namespace rastel::net
