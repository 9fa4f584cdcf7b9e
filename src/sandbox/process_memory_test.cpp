// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/process_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace rastel::sandbox {
namespace {

// As Linux 6.1 writes it.
constexpr std::string_view rollup =
    "55d0c0a00000-7ffd1b9f2000 ---p 00000000 00:00 0                          [rollup]\n"
    "Rss:                1234 kB\nPss:                 567 kB\nPss_Dirty:           100 kB\n"
    "Shared_Clean:        800 kB\nShared_Dirty:          0 kB\nPrivate_Clean:        12 kB\n"
    "Private_Dirty:       100 kB\nSwap:                  0 kB\n";

TEST(ProcessMemory, IsWhatTheKernelSays) {
  const auto memory = read_smaps_rollup(rollup);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->rss, 1234U * 1024);
  EXPECT_EQ(memory->pss, 567U * 1024);
  EXPECT_EQ(memory->uss, 112U * 1024);
}

TEST(ProcessMemory, NothingIsKnownFromWhatIsCutOrOfAnotherForm) {
  EXPECT_FALSE(read_smaps_rollup(""));
  EXPECT_FALSE(read_smaps_rollup("Rss: 12 kB\n"));
  EXPECT_FALSE(read_smaps_rollup("Pss: -1 kB\nPss: 99999999999999999999999 kB\nPss: 1 MB\n"));
  for (std::size_t length = 0; length < rollup.size(); ++length)
    (void)read_smaps_rollup(rollup.substr(0, length));
}

TEST(ProcessMemory, GoesOverTheWireUnchanged) {
  const std::vector<ProcessMemory> all{{"zygote", 1, 2, 3, 4}, {"worker", 5, 6, 7, 8}};
  const auto again = decode_memory(encode_memory(all));
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[1].name, "worker");
  EXPECT_EQ(again[1].processes, 5U);
  EXPECT_EQ(again[1].rss, 8U);
  EXPECT_EQ(decode_memory("zygote 1 2 3 4\nworker 5 6 x").size(), 1U);
  EXPECT_TRUE(decode_memory("").empty());
}

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
TEST(ProcessMemory, OfThisProcessIsKnown) {
  const auto own = memory_of(getpid());
  if (!own) GTEST_SKIP() << "this kernel has no smaps_rollup";
  EXPECT_GT(own->rss, 0U);
  EXPECT_LE(own->uss, own->rss);
  EXPECT_FALSE(memory_of(0x7fffffff));
}

TEST(ProcessMemory, OfThisProcessGrowsWithWhatIsTaken) {
  const auto before = own_memory();
  if (!before) GTEST_SKIP() << "this kernel has no smaps_rollup";
  const std::string taken(32 << 20, 'x');
  const auto after = own_memory();
  ASSERT_TRUE(after);
  EXPECT_GT(after->pss, before->pss + (16U << 20)) << taken.size();
}
#endif

}  // namespace
}  // namespace rastel::sandbox
