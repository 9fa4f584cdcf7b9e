// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/scan_queue.hpp"

#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace rastel::sandbox {
namespace {

constexpr std::uint64_t mib = 1 << 20;

class ScanQueueTest : public testing::Test {
 protected:
  // Who is next takes his share and leaves; nullptr where nobody may go.
  ScanQueue::PlacePointer serve(std::optional<ScanQueue::Share>& share) {
    for (const auto& place : entered_) {
      if (!queue_.is_next(place)) continue;
      const auto served = place;
      share.emplace(queue_.take_share(served->size));
      queue_.leave(served);
      std::erase(entered_, served);
      return served;
    }
    return nullptr;
  }
  ScanQueue::PlacePointer enter(std::uint64_t size) { return entered_.emplace_back(queue_.enter(size)); }

  boost::asio::io_context context_;
  ScanQueue queue_{context_.get_executor(), 32 * mib};
  std::vector<ScanQueue::PlacePointer> entered_;
  std::optional<ScanQueue::Share> first_, second_, third_;
};

TEST_F(ScanQueueTest, FirstComeFirstServed) {
  const auto one = enter(100), two = enter(mib), three = enter(0);
  EXPECT_EQ(serve(first_), one);
  EXPECT_EQ(serve(second_), two);
  EXPECT_EQ(serve(third_), three);
  EXPECT_EQ(serve(first_), nullptr);
}

TEST_F(ScanQueueTest, SmallOnesPassALargeOneThatWaitsForItsShare) {
  const auto huge = enter(50 * mib), next_huge = enter(50 * mib), large = enter(2 * mib), small = enter(1000);
  EXPECT_EQ(serve(first_), huge) << "one always goes";
  EXPECT_EQ(serve(second_), small) << "and the large one behind the huge one doesn't";
  EXPECT_EQ(serve(third_), nullptr);
  first_.reset();
  EXPECT_EQ(serve(first_), next_huge);
  EXPECT_EQ(serve(second_), nullptr);
  first_.reset();
  EXPECT_EQ(serve(first_), large);
}

TEST_F(ScanQueueTest, LargeOnesGoTogetherWithinTheBudget) {
  const auto one = enter(16 * mib), two = enter(16 * mib), three = enter(mib);
  EXPECT_EQ(serve(first_), one);
  EXPECT_EQ(serve(second_), two);
  EXPECT_EQ(serve(third_), nullptr) << "it is used up";
  second_.reset();
  EXPECT_EQ(serve(third_), three);
}

TEST_F(ScanQueueTest, NoSizeIsTooLarge) {
  const auto one = enter(UINT64_MAX), two = enter(UINT64_MAX);
  EXPECT_EQ(serve(first_), one);
  EXPECT_EQ(serve(second_), nullptr);
  first_.reset();
  EXPECT_EQ(serve(first_), two);
}

TEST_F(ScanQueueTest, WhoLeavesWithoutAWorkerWakesTheNext) {
  const auto one = enter(1), two = enter(1);
  bool woken = false;
  two->wake.expires_at(boost::asio::steady_timer::time_point::max());
  two->wake.async_wait([&](auto) { woken = true; });
  context_.poll();
  EXPECT_FALSE(woken);
  queue_.leave(one);
  context_.poll();
  EXPECT_TRUE(woken);
}

TEST_F(ScanQueueTest, AShareThatIsGivenBackWakesWhoWaitsForIt) {
  const auto one = enter(50 * mib), two = enter(50 * mib);
  EXPECT_EQ(serve(first_), one);
  bool woken = false;
  two->wake.expires_at(boost::asio::steady_timer::time_point::max());
  two->wake.async_wait([&](auto) { woken = true; });
  queue_.wake_next();
  context_.poll();
  EXPECT_FALSE(woken) << "there is nothing for it yet";
  first_.reset();
  context_.poll();
  EXPECT_TRUE(woken);
}

}  // namespace
}  // namespace rastel::sandbox
