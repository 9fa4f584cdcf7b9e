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

struct Channel::State {
  State(const asio::any_io_executor& executor, FileDescriptor socket)
      : descriptor(executor, socket.release()), timer(executor) {}
  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
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
    if (!deadline.is_never()) {
      state->timer.expires_at(deadline.when());
      state->timer.async_wait([weak = std::weak_ptr(state)](boost::system::error_code code) {
        const auto alive = weak.lock();
        boost::system::error_code ignored;
        if (!code && alive && !alive->closed) alive->descriptor.cancel(ignored);
      });
    }
    (void)co_await state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, as_awaitable);
    state->timer.cancel();
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
