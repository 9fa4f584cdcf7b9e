// SPDX-License-Identifier: GPL-2.0-only
#include "net/proxy_header.hpp"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rastel::net {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

asio::awaitable<Result<proxy::Header>> read_proxy_header(std::shared_ptr<Stream::Socket> socket,
                                                         Deadline deadline) {
  asio::steady_timer timer(socket->get_executor(), deadline.when());
  timer.async_wait([weak = std::weak_ptr(socket)](boost::system::error_code code) {
    const auto alive = weak.lock();
    boost::system::error_code ignored;
    if (!code && alive) alive->cancel(ignored);
  });
  proxy::Reader reader;
  std::array<char, 512> buffer{};
  while (reader.wanted() > 0) {
    const std::size_t most = std::min(reader.wanted(), buffer.size());
    const auto [code, length] = co_await socket->async_read_some(asio::buffer(buffer, most), as_awaitable);
    // Between two reads nothing can be cancelled: the deadline is asked too.
    if (code == asio::error::operation_aborted || deadline.passed())
      co_return fail(ErrorKind::timed_out, "no whole PROXY header in time");
    if (code) co_return fail(ErrorKind::peer_closed, "the connection ended within its PROXY header");
    RASTEL_CO_TRY(const bool complete, reader.feed({buffer.data(), length}));
    if (complete) break;
  }
  timer.cancel();
  co_return reader.header();
}

}  // namespace rastel::net
