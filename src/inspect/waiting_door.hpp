// SPDX-License-Identifier: GPL-2.0-only
// A door whose clients wait in the listening socket while max_sessions of them are there: its accept loop and
// its sessions, each a coroutine that stays on its thread.
//
// State: what all sessions share, with `options`, `services`, `draining`, `sessions`; they outlive a door
// that was drained. Session: made of (net::Stream, the client's address, shared State), with run() and
// interrupt().
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "inspect/door.hpp"
#include "inspect/running_sessions.hpp"
#include "net/acceptor.hpp"
#include "net/socket_names.hpp"

namespace rastel::inspect {

template <class Session, class State>
class WaitingDoor final : public Door, public std::enable_shared_from_this<WaitingDoor<Session, State>> {
 public:
  // `kind` and `purpose`: of DoorFacts.
  [[nodiscard]] static Result<std::shared_ptr<Door>> open(boost::asio::any_io_executor executor,
                                                          FileDescriptor listener,
                                                          std::shared_ptr<State> state, std::string_view kind,
                                                          std::string purpose) {
    RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
    auto door =
        std::make_shared<WaitingDoor>(std::move(acceptor), std::move(state), kind, std::move(purpose));
    boost::asio::co_spawn(door->acceptor_.executor(), accept(door), boost::asio::detached);
    return door;
  }

  WaitingDoor(net::Acceptor acceptor, std::shared_ptr<State> state, std::string_view kind,
              std::string purpose)
      : Door({kind, state->options.name, state->options.listen, "-", std::move(purpose)}),
        acceptor_(std::move(acceptor)),
        room_(acceptor_.executor()),
        state_(std::move(state)) {}

  void drain() override {
    state_->draining = true;
    room_.cancel();
    running_.interrupt_all();
  }
  void retire() override {
    retired_ = true;
    room_.cancel();
    acceptor_.close();
  }
  std::size_t sessions() const override { return state_->sessions; }

 private:
  using Self = std::shared_ptr<WaitingDoor>;

  [[nodiscard]] bool full() const {
    return state_->sessions >= state_->options.max_sessions && !state_->draining && !retired_;
  }

  static boost::asio::awaitable<void> accept(Self self) {
    constexpr auto as_awaitable = boost::asio::as_tuple(boost::asio::use_awaitable);
    for (;;) {
      while (self->full()) {
        self->room_.expires_at(boost::asio::steady_timer::time_point::max());
        (void)co_await self->room_.async_wait(as_awaitable);
      }
      const auto executor = self->state_->services.threads.next();
      auto socket = co_await self->acceptor_.accept(executor);
      if (!socket) co_return;
      if (self->state_->draining) continue;  // closes it: who gets no answer comes again
      ++self->state_->sessions;
      boost::asio::co_spawn(executor, serve(self, std::make_shared<net::Stream::Socket>(*std::move(socket))),
                            boost::asio::detached);
    }
  }

  static boost::asio::awaitable<void> serve(Self self, std::shared_ptr<net::Stream::Socket> socket) {
    const std::shared_ptr<void> counted(nullptr, [self](void*) { self->ended(); });
    std::string client = net::peer_name(*socket).address;
    net::Stream stream(std::move(*socket));
    socket.reset();
    const auto executor = stream.executor();
    const auto session = std::make_shared<Session>(std::move(stream), std::move(client), self->state_);
    const std::shared_ptr<void> there = self->running_.enter(executor, session);
    co_await session->run();
  }

  void ended() {
    --state_->sessions;
    boost::asio::post(acceptor_.executor(), [self = this->shared_from_this()] { self->room_.cancel(); });
  }

  net::Acceptor acceptor_;
  boost::asio::steady_timer room_;  // waits for a session to end; confined to the acceptor's thread
  std::shared_ptr<State> state_;
  bool retired_ = false;
  RunningSessions<Session> running_;
};

}  // namespace rastel::inspect
