// SPDX-License-Identifier: GPL-2.0-only
// The bounded pool for what blocks: fsync, SQLite, big digests, writes to the spool. run() resumes the caller on its
// own executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace rastel::inspect {

class BlockingPool {
 public:
  explicit BlockingPool(std::size_t threads) : pool_(threads) {}

  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work) {
    // A named coroutine with the work as parameter: a lambda coroutine's captures would die before it runs.
    co_return co_await boost::asio::co_spawn(pool_, call(std::move(work)), boost::asio::use_awaitable);
  }

  void join() { pool_.join(); }

 private:
  template <class Work>
  static boost::asio::awaitable<std::invoke_result_t<Work>> call(Work work) {
    co_return work();
  }
  boost::asio::thread_pool pool_;
};

}  // namespace rastel::inspect
