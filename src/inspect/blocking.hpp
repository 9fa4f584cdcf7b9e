// SPDX-License-Identifier: GPL-2.0-only
// The bounded pool for what blocks: fsync, SQLite, big digests, writes to the spool. run() resumes the caller
// on its own executor.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rastel::inspect {

class BlockingPool {
 public:
  explicit BlockingPool(std::size_t threads) : pool_(threads) {}

  // Not a coroutine itself, and by reference: g++ 12 copies a temporary closure bit by bit into the frame of
  // a caller that co_awaits, and destroys its captures twice (GCC PR 100611). The work moves to the heap
  // instead.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> run(Work&& work) {
    return in_pool(std::make_shared<std::remove_cvref_t<Work>>(std::forward<Work>(work)));
  }

  void join() { pool_.join(); }

 private:
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> in_pool(std::shared_ptr<Work> work) {
    co_return co_await boost::asio::co_spawn(pool_, call(std::move(work)), boost::asio::use_awaitable);
  }
  template <class Work>
  static boost::asio::awaitable<std::invoke_result_t<Work&>> call(std::shared_ptr<Work> work) {
    co_return (*work)();
  }
  boost::asio::thread_pool pool_;
};

}  // namespace rastel::inspect
