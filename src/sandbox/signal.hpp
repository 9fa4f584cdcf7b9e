// SPDX-License-Identifier: GPL-2.0-only
// Signal: coroutines of one executor's thread wait for something to change; raise() wakes all of them, each
// looks again for itself. A wait may outlive the Signal.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/deadline.hpp"

namespace rastel::sandbox {

class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  // Until the next raise(), at most until the deadline.
  [[nodiscard]] boost::asio::awaitable<void> wait(Deadline deadline) {
    const auto timers = timers_;
    const auto mine = std::make_shared<Timer>(executor_);
    mine->expires_at(deadline.when());
    timers->push_back(mine);
    (void)co_await mine->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    std::erase(*timers, mine);
  }

  void raise() {
    for (const auto& timer : std::exchange(*timers_, {})) timer->cancel();
  }

 private:
  using Timer = boost::asio::steady_timer;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<std::vector<std::shared_ptr<Timer>>> timers_ =
      std::make_shared<std::vector<std::shared_ptr<Timer>>>();
};

}  // namespace rastel::sandbox
