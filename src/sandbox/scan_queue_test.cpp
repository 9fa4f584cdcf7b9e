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
  ScanQueue::PlacePointer serve(ScanQueue::Share& share) {
    for (const auto& place : entered_) {
      if (!queue_->is_next(place)) continue;
      const auto served = place;
      share = queue_->take_share(served->size);
      queue_->leave(served);
      std::erase(entered_, served);
      return served;
    }
    return nullptr;
  }
  ScanQueue::PlacePointer enter(std::uint64_t size) { return entered_.emplace_back(queue_->enter(size)); }

  // Tells when `place` is told to look again.
  std::shared_ptr<bool> woken(const ScanQueue::PlacePointer& place) {
    auto told = std::make_shared<bool>(false);
    place->wake.expires_at(boost::asio::steady_timer::time_point::max());
    place->wake.async_wait([told](auto) { *told = true; });
    context_.poll();
    EXPECT_FALSE(*told);
    context_.restart();
    return told;
  }

  boost::asio::io_context context_;
  std::optional<ScanQueue> queue_{std::in_place, context_.get_executor(), 3U};  // a budget of 32 MiB
  std::vector<ScanQueue::PlacePointer> entered_;
  ScanQueue::Share first_, second_, third_;
};

TEST_F(ScanQueueTest, FirstComeFirstServed) {
  const auto one = enter(100), two = enter(ScanQueue::huge), three = enter(0);
  EXPECT_EQ(serve(first_), one);
  EXPECT_EQ(serve(second_), two);
  EXPECT_EQ(serve(third_), three);
  EXPECT_EQ(serve(first_), nullptr);
}

TEST_F(ScanQueueTest, AllOthersPassAHugeOneThatWaitsForItsShare) {
  const auto huge = enter(50 * mib), next_huge = enter(50 * mib), behind = enter(17 * mib),
             large = enter(ScanQueue::huge), small = enter(1000);
  EXPECT_EQ(serve(first_), huge) << "one always goes";
  EXPECT_EQ(serve(second_), large);
  EXPECT_EQ(serve(second_), small);
  EXPECT_EQ(serve(second_), nullptr);
  first_.reset();
  EXPECT_EQ(serve(first_), next_huge) << "in their order among themselves";
  EXPECT_EQ(serve(second_), nullptr);
  first_.reset();
  EXPECT_EQ(serve(first_), behind);
}

TEST_F(ScanQueueTest, HugeOnesGoTogetherWithinTheBudget) {
  ScanQueue::Share fourth;
  queue_.emplace(context_.get_executor(), 4U);
  const auto one = enter(20 * mib), two = enter(28 * mib), three = enter(17 * mib);
  EXPECT_EQ(serve(first_), one);
  EXPECT_EQ(serve(second_), two);
  EXPECT_EQ(serve(third_), nullptr) << "it is used up";
  second_.reset();
  EXPECT_EQ(serve(third_), three);
}

TEST_F(ScanQueueTest, WithOneWorkerAHugeOneGoesToo) {
  queue_.emplace(context_.get_executor(), 1U);
  const auto one = enter(50 * mib), two = enter(1);
  EXPECT_EQ(serve(first_), one);
  EXPECT_EQ(serve(second_), two);
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
  const auto told = woken(two);
  queue_->leave(one);
  context_.poll();
  EXPECT_TRUE(*told);
}

TEST_F(ScanQueueTest, AShareThatIsGivenBackWakesWhoWaitsForIt) {
  const auto one = enter(50 * mib), two = enter(50 * mib);
  EXPECT_EQ(serve(first_), one);
  const auto told = woken(two);
  queue_->wake_next();
  context_.poll();
  EXPECT_FALSE(*told) << "there is nothing for it yet";
  context_.restart();
  first_.reset();
  context_.poll();
  EXPECT_TRUE(*told);
}

TEST_F(ScanQueueTest, AShareMayOutliveTheQueue) {
  enter(50 * mib);
  serve(first_);
  EXPECT_TRUE(first_);
  queue_.reset();
  first_.reset();
}

}  // namespace
}  // namespace rastel::sandbox
