// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/room.hpp"

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rastel::inspect {

namespace asio = boost::asio;

asio::awaitable<bool> wait_for_room(const Inspector& inspector, Deadline latest, std::function<bool()> gone) {
  constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (inspector.overloaded()) {
    if (latest.passed() || gone()) co_return false;
    timer.expires_after(std::chrono::milliseconds(20));
    (void)co_await timer.async_wait(as_awaitable);
  }
  co_return true;
}

}  // namespace rastel::inspect
