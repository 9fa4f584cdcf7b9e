// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/verdict_table.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace rastel::sandbox {
namespace {

using Clock = VerdictTable::Clock;

Digest key(int number) { return sha256("key " + std::to_string(number)); }

std::unique_ptr<VerdictTable> table_for_test(std::uint64_t bytes = 1 << 20) {
  auto table = VerdictTable::create(bytes);
  EXPECT_TRUE(table) << table.error().what;
  return table ? std::move(*table) : nullptr;
}

std::unique_ptr<VerdictTableView> view_of(const VerdictTable& table) {
  auto view = VerdictTableView::open(FileDescriptor(dup(table.descriptor())));
  EXPECT_TRUE(view) << view.error().what;
  return view ? std::move(*view) : nullptr;
}

TEST(VerdictTable, KnowsWhatItWasToldAndNothingElse) {
  const auto table = table_for_test();
  const auto view = view_of(*table);
  const auto now = Clock::now();
  for (int i = 0; i < 500; ++i) table->remember(key(i), now);
  EXPECT_EQ(table->entries(), 500U);
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(table->knows(key(i), now));
    EXPECT_TRUE(view->knows(key(i)));
  }
  for (int i = 500; i < 5000; ++i) EXPECT_FALSE(table->knows(key(i), now) || view->knows(key(i)));
  Digest nearly = key(1);
  nearly.bytes[31] ^= 1;
  EXPECT_FALSE(table->knows(nearly, now));
  EXPECT_FALSE(table->knows(Digest{}, now)) << "what an empty entry holds is no key";
}

TEST(VerdictTable, ForgetsWhatItIsTold) {
  const auto table = table_for_test();
  const auto view = view_of(*table);
  table->remember(key(1), Clock::now());
  table->remember(key(2), Clock::now());
  table->forget(key(1));
  table->forget(key(3));
  EXPECT_FALSE(view->knows(key(1)));
  EXPECT_TRUE(view->knows(key(2)));
  EXPECT_EQ(table->entries(), 1U);
}

TEST(VerdictTable, AnEntryCountsForADayHoweverOftenItIsAskedFor) {
  const auto table = table_for_test();
  const auto then = Clock::now();
  table->remember(key(1), then);
  for (auto age = std::chrono::minutes(0); age < VerdictTable::longest - std::chrono::minutes(1);
       age += std::chrono::minutes(30))
    EXPECT_TRUE(table->knows(key(1), then + age));
  EXPECT_FALSE(table->knows(key(1), then + VerdictTable::longest));
  EXPECT_FALSE(table->knows(key(1), then - std::chrono::minutes(2))) << "from the future";
  table->remember(key(1), then + VerdictTable::longest);
  EXPECT_TRUE(table->knows(key(1), then + VerdictTable::longest));
  EXPECT_EQ(table->entries(), 1U);
}

TEST(VerdictTable, AFullBucketLosesItsOldestEntry) {
  const auto table = table_for_test(1);  // one bucket of eight
  const auto start = Clock::now();
  for (int i = 0; i < 20; ++i) table->remember(key(i), start + std::chrono::minutes(i));
  const auto now = start + std::chrono::minutes(20);
  for (int i = 0; i < 12; ++i) EXPECT_FALSE(table->knows(key(i), now)) << i;
  for (int i = 12; i < 20; ++i) EXPECT_TRUE(table->knows(key(i), now)) << i;
  EXPECT_EQ(table->entries(), 8U);
}

TEST(VerdictTable, ReadersCannotWrite) {
  const auto table = table_for_test();
  const FileDescriptor given(dup(table->descriptor()));
  EXPECT_EQ(pwrite(given.get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(given.get(), 0), -1);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, given.get(), 0), MAP_FAILED);
  void* read_only = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, given.get(), 0);
  ASSERT_NE(read_only, MAP_FAILED);
  EXPECT_EQ(mprotect(read_only, 4096, PROT_READ | PROT_WRITE), -1);
  munmap(read_only, 4096);
#if defined(__linux__) && !defined(RASTEL_PORTABLE)
  // Not even for who can open it anew.
  const std::string name = "/proc/self/fd/" + std::to_string(given.get());
  const FileDescriptor again(open(name.c_str(), O_RDWR | O_CLOEXEC));
  if (again) {
    EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
    EXPECT_EQ(pwrite(again.get(), "x", 1, 0), -1);
  }
#endif
}

TEST(VerdictTable, WhatIsNoTableKnowsNothing) {
  const auto memory = os::shared_memory(8192);
  ASSERT_TRUE(memory) << memory.error().what;
  const auto view = VerdictTableView::open(FileDescriptor(dup(memory->read_only.get())));
  ASSERT_TRUE(view);
  EXPECT_FALSE((*view)->knows(key(1)));
  EXPECT_FALSE(VerdictTableView::open(FileDescriptor()));
}

// Two keys are written by turns into the same place: a reader sees the one, the other, or nothing; never a
// mixture, which would be a third key.
TEST(VerdictTable, AReaderNeverSeesHalfOfAnEntry) {
  const auto table = table_for_test(1);
  const auto view = view_of(*table);
  std::array<Digest, 2> pure{};
  pure[0].bytes.fill(0x11);
  pure[1].bytes.fill(0x22);
  std::vector<Digest> mixtures;
  for (std::size_t cut : {8U, 16U, 24U}) {
    Digest mixture = pure[0];
    std::copy(pure[1].bytes.begin() + static_cast<std::ptrdiff_t>(cut), pure[1].bytes.end(),
              mixture.bytes.begin() + static_cast<std::ptrdiff_t>(cut));
    mixtures.push_back(mixture);
  }
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; i ^= 1) {
      table->remember(pure[static_cast<std::size_t>(i)], Clock::now());
      table->forget(pure[static_cast<std::size_t>(i)]);
    }
  });
  int seen = 0;
  for (int i = 0; i < 300'000; ++i) {
    for (const Digest& mixture : mixtures) ASSERT_FALSE(view->knows(mixture));
    seen += view->knows(pure[0]) ? 1 : 0;
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen, 0) << "the reader and the writer never met";
}

}  // namespace
}  // namespace rastel::sandbox
