// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/report_memory.hpp"

#include <string>

#include <gtest/gtest.h>

namespace rastel::sandbox {
namespace {

using Clock = ReportMemory::Clock;

Report report_with(const std::string& name) {
  Report report;
  report.layers = 1;
  report.parts.push_back({.path = "1", .reading = "", .type = "text/plain", .names = {name}});
  return report;
}

TEST(ReportMemory, KeepsWhatAMessageHolds) {
  ReportMemory memory(1 << 20);
  const Clock::time_point now{};
  memory.remember(sha256("a"), report_with("a.exe"), now);
  ASSERT_NE(memory.find(sha256("a"), now), nullptr);
  EXPECT_EQ(memory.find(sha256("a"), now)->parts.at(0).names.at(0), "a.exe");
  EXPECT_EQ(memory.find(sha256("b"), now), nullptr);
  memory.remember(sha256("a"), report_with("b.exe"), now);
  EXPECT_EQ(memory.find(sha256("a"), now)->parts.at(0).names.at(0), "b.exe");
  EXPECT_EQ(memory.entries(), 1U);
  memory.forget(sha256("a"));
  EXPECT_EQ(memory.find(sha256("a"), now), nullptr);
}

TEST(ReportMemory, NothingIsKnownForMoreThanADay) {
  ReportMemory memory(1 << 20);
  memory.remember(sha256("a"), report_with("a"), Clock::time_point{});
  EXPECT_NE(memory.find(sha256("a"), Clock::time_point{} + std::chrono::hours(24)), nullptr);
  EXPECT_EQ(memory.find(sha256("a"), Clock::time_point{} + std::chrono::hours(25)), nullptr);
}

TEST(ReportMemory, TheOldestGoWhereThereIsNoRoom) {
  ReportMemory memory(16'000);
  const Clock::time_point now{};
  for (int number = 0; number < 1000; ++number)
    memory.remember(sha256(std::to_string(number)), report_with(std::string(100, 'x')), now);
  EXPECT_GT(memory.entries(), 5U);
  EXPECT_LT(memory.entries(), 50U);
  EXPECT_NE(memory.find(sha256("999"), now), nullptr);
  EXPECT_EQ(memory.find(sha256("0"), now), nullptr);
  memory.remember(sha256("huge"), report_with(std::string(20'000, 'x')), now);
  EXPECT_EQ(memory.find(sha256("huge"), now), nullptr);
}

}  // namespace
}  // namespace rastel::sandbox
