// SPDX-License-Identifier: GPL-2.0-only
// The sessions of a door, on whatever threads they run, so that a drain can interrupt those at rest. Any
// thread.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

namespace rastel::inspect {

template <class Session>
class RunningSessions {
 public:
  // The session is among them as long as what is returned lives.
  [[nodiscard]] std::shared_ptr<void> enter(boost::asio::any_io_executor executor,
                                            const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(state_->mutex);
    const auto place = state_->running.insert(state_->running.end(), {std::move(executor), session});
    return {nullptr, [state = state_, place](void*) {
              const std::lock_guard leaving(state->mutex);
              state->running.erase(place);
            }};
  }

  // Session::interrupt() of each, on its own executor.
  void interrupt_all() {
    const std::lock_guard lock(state_->mutex);
    for (const auto& entry : state_->running)
      boost::asio::post(entry.executor, [weak = entry.session] {
        if (const auto session = weak.lock()) session->interrupt();
      });
  }

 private:
  struct Running {
    boost::asio::any_io_executor executor;
    std::weak_ptr<Session> session;
  };
  struct State {
    std::mutex mutex;
    std::list<Running> running;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();  // sessions outlive a door that was drained
};

}  // namespace rastel::inspect
