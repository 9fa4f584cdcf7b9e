// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/channel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

namespace rastel::sandbox {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

// One watchdog serves all waits: it wakes at the deadline that it was armed for and, when that has moved on,
// arms itself again. So the usual answer costs no timer.
struct Channel::State : std::enable_shared_from_this<Channel::State> {
  State(const asio::any_io_executor& executor, FileDescriptor socket)
      : descriptor(executor, socket.release()), timer(executor) {}

  void watch(Deadline until) {
    deadline = until;
    if (until.is_never() || !(until < armed_for)) return;
    armed_for = until;
    timer.expires_at(until.when());
    timer.async_wait([weak = weak_from_this()](boost::system::error_code code) {
      const auto alive = weak.lock();
      if (code || !alive || alive->closed) return;
      alive->armed_for = Deadline::never();
      boost::system::error_code ignored;
      if (alive->deadline.passed())
        alive->descriptor.cancel(ignored);
      else
        alive->watch(alive->deadline);
    });
  }

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  Deadline deadline = Deadline::never();  // of the wait under way
  Deadline armed_for = Deadline::never();
  bool closed = false;
  bool left_unread = false;
};

Channel::Channel(asio::any_io_executor executor, FileDescriptor socket)
    : state_(std::make_shared<State>(executor, std::move(socket))) {}

Channel::~Channel() { close(); }

asio::awaitable<Result<Packet>> Channel::receive(std::size_t largest, std::size_t most_descriptors,
                                                 Deadline deadline) {
  const auto state = state_;
  for (;;) {
    if (state->closed) co_return fail(ErrorKind::peer_closed, "closed");
    auto packet = receive_packet(state->descriptor.native_handle(), largest, most_descriptors, MSG_DONTWAIT);
    if (!packet) co_return std::unexpected(packet.error());
    state->left_unread = packet->unread;
    if (packet->end) co_return fail(ErrorKind::peer_closed, "the other process is gone");
    if (!packet->would_block) co_return packet;
    if (deadline.passed()) co_return fail(ErrorKind::timed_out, "no answer in time");
    state->watch(deadline);
    (void)co_await state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, as_awaitable);
    state->watch(Deadline::never());
  }
}

bool Channel::quiet() const {
  if (state_->closed) return false;
  const auto packet = receive_packet(state_->descriptor.native_handle(), 1, 0, MSG_DONTWAIT);
  return packet && packet->would_block;
}

Result<> Channel::send(std::string_view bytes, const std::vector<int>& descriptors) {
  if (state_->closed) return fail(ErrorKind::peer_closed, "closed");
  return send_packet(state_->descriptor.native_handle(), bytes, descriptors, MSG_DONTWAIT);
}

bool Channel::left_unread() const { return state_->left_unread; }

void Channel::end_sending() {
  if (!state_->closed) shutdown(state_->descriptor.native_handle(), SHUT_WR);
}

void Channel::close() {
  if (!state_ || state_->closed) return;
  state_->closed = true;
  boost::system::error_code ignored;
  state_->timer.cancel();
  state_->descriptor.close(ignored);
}

}  // namespace rastel::sandbox
