// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/turns.hpp"

#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::doors::pipe {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

TEST(PipeTurns, GoRoundTheUsers) {
  Turns turns(1);
  EXPECT_TRUE(turns.ask(1, 10));
  for (Turns::Ticket ticket = 11; ticket < 15; ++ticket) EXPECT_FALSE(turns.ask(1, ticket));
  EXPECT_FALSE(turns.ask(2, 20));
  EXPECT_FALSE(turns.ask(3, 30));
  EXPECT_FALSE(turns.ask(3, 31));
  std::vector<Turns::Ticket> order;
  while (const auto next = turns.end()) order.push_back(*next);
  EXPECT_THAT(order, ElementsAre(11, 20, 30, 12, 31, 13, 14));
  EXPECT_TRUE(turns.ask(9, 90));  // all have ended
  EXPECT_FALSE(turns.ask(9, 91));
}

TEST(PipeTurns, OfThoseWhoHaveGoneAreNone) {
  Turns turns(2);
  EXPECT_TRUE(turns.ask(1, 10));
  EXPECT_TRUE(turns.ask(1, 11));
  EXPECT_FALSE(turns.ask(1, 12));
  EXPECT_FALSE(turns.ask(2, 20));
  turns.withdraw(2, 20);
  turns.withdraw(2, 21);
  turns.withdraw(3, 12);
  EXPECT_EQ(turns.end(), 12U);
  EXPECT_EQ(turns.end(), std::nullopt);
  EXPECT_TRUE(turns.ask(2, 22));
}

class Crowd {
 public:
  void come(uid_t user, Deadline by = Deadline::never()) {
    asio::co_spawn(context_, enter(user, by), asio::detached);
    context_.restart();
    context_.poll();
  }
  void end_one() {
    turns_.erase(turns_.begin());
    context_.restart();
    context_.poll();
  }
  void wait() {
    context_.restart();
    context_.run_for(std::chrono::milliseconds(100));
  }
  [[nodiscard]] const std::vector<int>& went() const { return went_; }  // users; negative: in vain

 private:
  asio::awaitable<void> enter(uid_t user, Deadline by) {
    std::shared_ptr<void> turn = co_await Gate::enter(gate_, user, by);
    went_.push_back(turn ? static_cast<int>(user) : -static_cast<int>(user));
    if (turn) turns_.push_back(std::move(turn));
  }

  asio::io_context context_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>(1);
  std::vector<std::shared_ptr<void>> turns_;
  std::vector<int> went_;
};

TEST(PipeGate, LetsTheNextInWhenOneLeaves) {
  Crowd crowd;
  for (const uid_t user : {1U, 1U, 1U, 2U}) crowd.come(user);
  EXPECT_THAT(crowd.went(), ElementsAre(1));
  crowd.end_one();
  EXPECT_THAT(crowd.went(), ElementsAre(1, 1));
  crowd.end_one();
  EXPECT_THAT(crowd.went(), ElementsAre(1, 1, 2));
  crowd.end_one();
  EXPECT_THAT(crowd.went(), ElementsAre(1, 1, 2, 1));
  crowd.end_one();
  crowd.come(3);
  EXPECT_THAT(crowd.went(), ElementsAre(1, 1, 2, 1, 3));
}

TEST(PipeGate, IsGivenUpInTime) {
  Crowd crowd;
  crowd.come(1);
  crowd.come(2, Deadline::in(std::chrono::milliseconds(10)));
  crowd.come(3);
  crowd.wait();
  EXPECT_THAT(crowd.went(), ElementsAre(1, -2));
  crowd.end_one();
  EXPECT_THAT(crowd.went(), ElementsAre(1, -2, 3));
}

TEST(PipeUsers, AreCounted) {
  const auto users = std::make_shared<Users>();
  std::vector<std::shared_ptr<void>> there;
  for (int i = 0; i < 2; ++i) there.push_back(Users::admit(users, 1, 2));
  EXPECT_TRUE(there[0] && there[1]);
  EXPECT_FALSE(Users::admit(users, 1, 2));
  EXPECT_TRUE(Users::admit(users, 2, 2));
  there.pop_back();
  EXPECT_TRUE(Users::admit(users, 1, 2));
}

}  // namespace
}  // namespace rastel::doors::pipe
