// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/turns.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace rastel::doors::pipe {

namespace asio = boost::asio;

bool Turns::ask(uid_t user, Ticket ticket) {
  if (under_way_ < most_) {
    ++under_way_;
    return true;
  }
  waiting_[user].push_back(ticket);
  return false;
}

void Turns::withdraw(uid_t user, Ticket ticket) {
  const auto place = waiting_.find(user);
  if (place == waiting_.end()) return;
  std::erase(place->second, ticket);
  if (place->second.empty()) waiting_.erase(place);
}

std::optional<Turns::Ticket> Turns::end() {
  if (waiting_.empty()) {
    --under_way_;
    return std::nullopt;
  }
  auto next = waiting_.upper_bound(last_);
  if (next == waiting_.end()) next = waiting_.begin();
  last_ = next->first;
  const Ticket ticket = next->second.front();
  next->second.pop_front();
  if (next->second.empty()) waiting_.erase(next);
  return ticket;
}

bool Gate::ask(uid_t user, Turns::Ticket& ticket, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  ticket = ++last_;
  waiter->goes = turns_.ask(user, ticket);
  if (!waiter->goes) waiting_.emplace(ticket, waiter);
  return waiter->goes;
}

bool Gate::went(uid_t user, Turns::Ticket ticket, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  if (!waiter->goes) {
    turns_.withdraw(user, ticket);
    waiting_.erase(ticket);
  }
  return waiter->goes;
}

void Gate::leave() {
  const std::lock_guard lock(mutex_);
  const auto next = turns_.end();
  if (!next) return;
  const auto place = waiting_.find(*next);
  const std::shared_ptr<Waiter> waiter = place->second;
  waiting_.erase(place);
  waiter->goes = true;
  asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
}

asio::awaitable<std::shared_ptr<void>> Gate::enter(std::shared_ptr<Gate> gate, uid_t user, Deadline by) {
  const auto executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor);
  waiter->timer.expires_at(by.when());
  Turns::Ticket ticket = 0;
  if (!gate->ask(user, ticket, waiter)) {
    (void)co_await waiter->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!gate->went(user, ticket, waiter)) co_return nullptr;
  }
  const auto leave = [gate](void*) { gate->leave(); };
  co_return std::shared_ptr<void>(gate.get(), leave);
}

std::shared_ptr<void> Users::admit(const std::shared_ptr<Users>& users, uid_t user, std::size_t most) {
  const std::lock_guard lock(users->mutex_);
  std::size_t& there = users->there_[user];
  if (there >= most) return nullptr;
  ++there;
  return {users.get(), [users, user](void*) {
            const std::lock_guard leaving(users->mutex_);
            const auto place = users->there_.find(user);
            if (--place->second == 0) users->there_.erase(place);
          }};
}

}  // namespace rastel::doors::pipe
