// SPDX-License-Identifier: GPL-2.0-only
#include "detect/mapping_reuse.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <span>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/engine_for_test.hpp"

namespace rastel::detect {
namespace {

constexpr std::size_t mib = 1 << 20;

std::span<unsigned char> map(std::size_t length) {
  void* start = ::mmap64(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return {};
  return {static_cast<unsigned char*>(start), length};
}

bool all_zero(std::span<const unsigned char> bytes) {
  return std::ranges::all_of(bytes, [](unsigned char byte) { return byte == 0; });
}

std::size_t mapped_now() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0;
  status >> pages;
  return pages * 4096;
}

bool is_reused_here() {
  const ReusedMappings reused;
  const auto before = ReusedMappings::served();
  for (int i = 0; i < 2; ++i) {
    const auto bytes = map(5000);
    ::munmap(bytes.data(), bytes.size());
  }
  return ReusedMappings::served() > before;
}

class MappingReuse : public testing::Test {
 protected:
  void SetUp() override { ReusedMappings::let_go(); }  // what another test has left
};

#define SKIP_IF_NOT_BUILT_IN \
  if (!is_reused_here()) GTEST_SKIP() << "a sanitizer has its own mmap"

// The point of all of it: libclamav's own mappings come by here.
TEST_F(MappingReuse, ServesLibclamav) {
  SKIP_IF_NOT_BUILT_IN;
  const auto engine = engine_for_test();
  ASSERT_TRUE(engine);
  const std::string mail =
      "Subject: x\r\nContent-Type: text/html\r\n\r\n<p>" + std::string(9000, 'a') + "</p>\r\n";
  (void)scan_for_test(*engine, mail);
  const auto before = ReusedMappings::served();
  (void)scan_for_test(*engine, mail);
  EXPECT_GT(ReusedMappings::served(), before);
}

TEST_F(MappingReuse, MemoryIsZeroedAndWholeEachTime) {
  const ReusedMappings reused;
  for (const std::size_t length : {std::size_t{1}, std::size_t{4096}, std::size_t{5000}, std::size_t{70000},
                                   mib - 1, mib, mib + 1, 3 * mib + 1, most_kept, most_kept + 1}) {
    for (int round = 0; round < 3; ++round) {
      const auto bytes = map(length);
      ASSERT_EQ(bytes.size(), length);
      EXPECT_TRUE(all_zero(bytes)) << length << " in round " << round;
      std::memset(bytes.data(), 0xff, bytes.size());
      EXPECT_EQ(::munmap(bytes.data(), bytes.size()), 0);
    }
  }
}

TEST_F(MappingReuse, NoTwoAtATimeShareMemory) {
  const ReusedMappings reused;
  std::vector<std::span<unsigned char>> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(map(8192));
    ASSERT_FALSE(all.back().empty());
    std::memset(all.back().data(), i % 251 + 1, all.back().size());
  }
  for (int i = 0; i < 200; ++i) {
    const auto bytes = all[static_cast<std::size_t>(i)];
    EXPECT_TRUE(std::ranges::all_of(bytes, [&](unsigned char byte) { return byte == i % 251 + 1; })) << i;
    EXPECT_EQ(::munmap(bytes.data(), bytes.size()), 0);
  }
}

TEST_F(MappingReuse, OtherMappingsAreTheKernelsAffair) {
  const ReusedMappings reused;
  const auto before = ReusedMappings::served();
  for (int i = 0; i < 3; ++i) {
    void* read_only = ::mmap64(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(read_only, MAP_FAILED);
    EXPECT_EQ(::munmap(read_only, 4096), 0);
    void* shared = ::mmap64(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    EXPECT_EQ(::munmap(shared, 4096), 0);
  }
  EXPECT_EQ(ReusedMappings::served(), before);
  EXPECT_EQ(::mmap64(nullptr, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
  EXPECT_NE(::munmap(reinterpret_cast<void*>(1), 4096), 0) << "not a page's start";
}

// The tail that makes a large one a whole number of huge pages is nobody else's business.
TEST_F(MappingReuse, NothingIsLeftOfLargeMappings) {
  SKIP_IF_NOT_BUILT_IN;
  const ReusedMappings reused;
  const std::size_t before = mapped_now();
  for (int round = 0; round < 50; ++round) {
    std::vector<std::span<unsigned char>> all;
    for (int i = 0; i < 70; ++i) {  // more than there are places to note
      all.push_back(map(mib + 8192 * static_cast<std::size_t>(i)));
      ASSERT_FALSE(all.back().empty());
      all.back().back() = 1;
    }
    for (const auto& bytes : all) EXPECT_EQ(::munmap(bytes.data(), bytes.size()), 0);
  }
  EXPECT_LE(mapped_now(), before + most_kept + mib);
}

TEST_F(MappingReuse, LargeMappingThatEndsInPartsLeavesNoTail) {
  SKIP_IF_NOT_BUILT_IN;
  const ReusedMappings reused;
  const std::size_t before = mapped_now();
  for (int round = 0; round < 20; ++round) {
    const auto bytes = map(mib + 4096);  // a tail of nearly a mebibyte behind it
    ASSERT_TRUE(all_zero(bytes));
    std::memset(bytes.data(), 1, bytes.size());
    EXPECT_EQ(::munmap(bytes.data() + mib, 4096), 0);
    const auto in_the_gap = map(4096);
    std::memset(in_the_gap.data(), 2, in_the_gap.size());
    EXPECT_EQ(::munmap(bytes.data(), mib), 0);
    EXPECT_TRUE(std::ranges::all_of(in_the_gap, [](unsigned char byte) { return byte == 2; }));
    EXPECT_EQ(::munmap(in_the_gap.data(), in_the_gap.size()), 0);
  }
  EXPECT_LE(mapped_now(), before + mib);
}

TEST_F(MappingReuse, WhatIsKeptGoesBackWhenItIsLetGo) {
  SKIP_IF_NOT_BUILT_IN;
  const ReusedMappings reused;
  const std::size_t before = mapped_now();
  const auto bytes = map(6 * mib);
  ::munmap(bytes.data(), bytes.size());
  EXPECT_GE(mapped_now(), before + 6 * mib) << "it is kept";
  ReusedMappings::let_go();
  EXPECT_LE(mapped_now(), before + mib);
}

// Large messages in between must not cost the small ones what is kept for them.
TEST_F(MappingReuse, LargeMappingsLeaveRoomForSmallOnes) {
  SKIP_IF_NOT_BUILT_IN;
  const ReusedMappings reused;
  std::vector<std::span<unsigned char>> large;
  for (int i = 0; i < 10; ++i) large.push_back(map(2 * mib));
  for (const auto& bytes : large) ::munmap(bytes.data(), bytes.size());
  const auto small = map(300'000);
  ::munmap(small.data(), small.size());
  const auto before = ReusedMappings::served();
  const auto again = map(300'000);
  EXPECT_EQ(ReusedMappings::served(), before + 1);
  ::munmap(again.data(), again.size());
}

// libclamav unmaps the end of a mapping alone, and the rest later: such a one has a hole and is never served
// again.
TEST_F(MappingReuse, MappingThatEndsInPartsIsForgotten) {
  SKIP_IF_NOT_BUILT_IN;
  const ReusedMappings reused;
  for (int round = 0; round < 50; ++round) {
    const auto bytes = map(65 * 4096);
    ASSERT_TRUE(all_zero(bytes));
    std::memset(bytes.data(), 1, bytes.size());
    EXPECT_EQ(::munmap(bytes.data() + 33 * 4096, 32 * 4096), 0);
    const auto in_the_hole = map(32 * 4096);
    std::memset(in_the_hole.data(), 2, in_the_hole.size());
    EXPECT_EQ(::munmap(bytes.data(), 33 * 4096), 0);
    EXPECT_TRUE(std::ranges::all_of(in_the_hole, [](unsigned char byte) { return byte == 2; }));
    EXPECT_EQ(::munmap(in_the_hole.data(), in_the_hole.size()), 0);
  }
}

// Whatever isn't a scan's may be protected or moved behind our back.
TEST_F(MappingReuse, OnlyWhatAScanMakesIsKept) {
  const auto before = ReusedMappings::served();
  for (int i = 0; i < 3; ++i) {
    const auto bytes = map(5000);
    EXPECT_EQ(::munmap(bytes.data(), bytes.size()), 0);
  }
  EXPECT_EQ(ReusedMappings::served(), before);
}

TEST_F(MappingReuse, ThreadsGetMemoryOfTheirOwn) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int number = 1; number <= 4; ++number)
    threads.emplace_back([&wrong, number] {
      const ReusedMappings reused;
      for (int round = 0; round < 2000; ++round) {
        const auto bytes = map(4096U << (round % 4));
        if (bytes.empty() || !all_zero(bytes)) ++wrong;
        std::memset(bytes.data(), number, bytes.size());
        if (std::ranges::any_of(bytes, [&](unsigned char byte) { return byte != number; })) ++wrong;
        ::munmap(bytes.data(), bytes.size());
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace rastel::detect
