// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/door.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "doors/clamd/session.hpp"
#include "inspect/running_sessions.hpp"
#include "net/acceptor.hpp"
#include "net/socket_names.hpp"

namespace rastel::doors::clamd {
namespace {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

class Listening final : public Door, public std::enable_shared_from_this<Listening> {
 public:
  Listening(net::Acceptor acceptor, const ClamdDoorOptions& options, Sources sources,
            inspect::Services& services)
      : acceptor_(std::move(acceptor)),
        room_(acceptor_.executor()),
        state_(new DoorState{options, std::move(sources), services}) {}

  void start() { asio::co_spawn(acceptor_.executor(), accept(shared_from_this()), asio::detached); }

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
  const ClamdDoorOptions& options() const override { return state_->options; }

 private:
  [[nodiscard]] bool full() const {
    return state_->sessions >= state_->options.max_sessions && !state_->draining && !retired_;
  }

  static asio::awaitable<void> accept(std::shared_ptr<Listening> self) {
    for (;;) {
      while (self->full()) {
        self->room_.expires_at(asio::steady_timer::time_point::max());
        (void)co_await self->room_.async_wait(as_awaitable);
      }
      const auto executor = self->state_->services.threads.next();
      auto socket = co_await self->acceptor_.accept(executor);
      if (!socket) co_return;
      if (self->state_->draining) continue;  // closes it: who gets no answer comes again
      ++self->state_->sessions;
      asio::co_spawn(executor, serve(self, std::make_shared<net::Stream::Socket>(*std::move(socket))),
                     asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Listening> self,
                                     std::shared_ptr<net::Stream::Socket> socket) {
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
    asio::post(acceptor_.executor(), [self = shared_from_this()] { self->room_.cancel(); });
  }

  net::Acceptor acceptor_;
  asio::steady_timer room_;           // waits for a session to end; confined to the acceptor's thread
  std::shared_ptr<DoorState> state_;  // sessions outlive a door that was drained
  bool retired_ = false;
  inspect::RunningSessions<Session> running_;
};

}  // namespace

Result<std::shared_ptr<Door>> Door::open(asio::any_io_executor executor, FileDescriptor listener,
                                         const ClamdDoorOptions& options, Sources sources,
                                         inspect::Services& services) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  auto door = std::make_shared<Listening>(std::move(acceptor), options, std::move(sources), services);
  door->start();
  return door;
}

}  // namespace rastel::doors::clamd
