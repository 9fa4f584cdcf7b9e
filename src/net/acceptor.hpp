// SPDX-License-Identifier: GPL-2.0-only
// Acceptor: takes connections from a listening descriptor that somebody else has bound. Confined to its
// executor's thread. When descriptors or memory run out it waits 100 ms and goes on, so that a burst can't
// kill a door.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "net/stream.hpp"

namespace rastel::net {

class Acceptor {
 public:
  [[nodiscard]] static Result<Acceptor> create(boost::asio::any_io_executor executor,
                                               FileDescriptor listener);

  // The next connection, its socket bound to `executor_of_connection` (default: the acceptor's own). An error
  // only once closed.
  [[nodiscard]] boost::asio::awaitable<Result<Stream::Socket>> accept();
  [[nodiscard]] boost::asio::awaitable<Result<Stream::Socket>> accept(
      boost::asio::any_io_executor executor_of_connection);
  void close();
  [[nodiscard]] boost::asio::any_io_executor executor();

 private:
  struct State;
  explicit Acceptor(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;  // shared with an accept() under way, which may end after close()
};

}  // namespace rastel::net
