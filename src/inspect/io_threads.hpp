// SPDX-License-Identifier: GPL-2.0-only
// One io_context a thread; a connection stays on the thread it was given to, so nothing of a session needs a
// lock. With no threads all of them are on the caller's own: on a small machine the scanners have the
// processors, and a message that changes threads four times costs more than it gains.
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
  IoThreads(std::size_t count, boost::asio::any_io_executor own) : own_(std::move(own)) {
    for (std::size_t i = 0; i < count; ++i) lanes_.push_back(std::make_unique<Lane>());
    for (const auto& lane : lanes_)
      lane->thread = std::jthread([context = &lane->context] { context->run(); });
  }
  ~IoThreads() { stop(); }

  [[nodiscard]] boost::asio::any_io_executor next() {
    if (lanes_.empty()) return own_;
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
  boost::asio::any_io_executor own_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::size_t> turn_ = 0;
};

}  // namespace rastel::inspect
