// SPDX-License-Identifier: GPL-2.0-only
// One io_context a thread; a connection stays on the thread it was given to, so nothing of a session needs a
// lock.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace rastel::inspect {

class IoThreads {
 public:
  explicit IoThreads(std::size_t count) {
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i)
      lanes_.push_back(std::make_unique<Lane>());
    for (const auto& lane : lanes_)
      lane->thread = std::jthread([context = &lane->context] { context->run(); });
  }
  ~IoThreads() { stop(); }

  [[nodiscard]] boost::asio::any_io_executor next() {
    return lanes_[turn_.fetch_add(1, std::memory_order_relaxed) % lanes_.size()]->context.get_executor();
  }

  // What has not ended by now ends where it waits: its coroutine is destroyed with the context.
  void stop() {
    for (const auto& lane : lanes_) lane->context.stop();
    for (const auto& lane : lanes_)
      if (lane->thread.joinable()) lane->thread.join();
  }

 private:
  struct Lane {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
    std::jthread thread;
  };
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::size_t> turn_ = 0;
};

}  // namespace rastel::inspect
