// SPDX-License-Identifier: GPL-2.0-only
// Users take turns: of those who wait the next user in the circle, of one user whoever waits longest. So who
// has a hundred messages at once delays another user's one message by one scan, not by a hundred (PROTOCOLS
// F-27).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/types.h>

#include "base/deadline.hpp"

namespace rastel::doors::pipe {

// Who is next. Pure.
class Turns {
 public:
  using Ticket = std::uint64_t;
  explicit Turns(std::size_t most) : most_(most) {}

  // True: it goes at once; else it waits.
  [[nodiscard]] bool ask(uid_t user, Ticket ticket);
  // It waits no longer.
  void withdraw(uid_t user, Ticket ticket);
  // One that went has ended: who goes now.
  [[nodiscard]] std::optional<Ticket> end();

 private:
  std::size_t most_;
  std::size_t under_way_ = 0;
  std::map<uid_t, std::deque<Ticket>> waiting_;  // no empty ones
  uid_t last_ = 0;                               // who went last of those who had waited
};

// The same for coroutines. Any thread.
class Gate {
 public:
  explicit Gate(std::size_t most) : turns_(most) {}

  // One's turn lasts as long as what is returned; null: it didn't come in time.
  [[nodiscard]] static boost::asio::awaitable<std::shared_ptr<void>> enter(std::shared_ptr<Gate> gate,
                                                                           uid_t user, Deadline by);

 private:
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;  // confined to its executor's thread
    bool goes = false;
  };
  // True: it goes at once.
  [[nodiscard]] bool ask(uid_t user, Turns::Ticket& ticket, const std::shared_ptr<Waiter>& waiter);
  [[nodiscard]] bool went(uid_t user, Turns::Ticket ticket, const std::shared_ptr<Waiter>& waiter);
  void leave();

  std::mutex mutex_;
  Turns turns_;
  Turns::Ticket last_ = 0;
  std::map<Turns::Ticket, std::shared_ptr<Waiter>> waiting_;
};

// How many of each user are there. Any thread.
class Users {
 public:
  // Among them as long as what is returned; null: there are `most`.
  [[nodiscard]] static std::shared_ptr<void> admit(const std::shared_ptr<Users>& users, uid_t user,
                                                   std::size_t most);

 private:
  std::mutex mutex_;
  std::map<uid_t, std::size_t> there_;
};

}  // namespace rastel::doors::pipe
