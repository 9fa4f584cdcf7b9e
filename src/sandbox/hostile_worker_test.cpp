// SPDX-License-Identifier: GPL-2.0-only
// Workers in an attacker's hands, through the real pool: the daemon's side is unharmed, the message gets the
// right reason, and the next message is scanned as if nothing had been.
#include <csignal>

#include "sandbox/pool_for_test.hpp"

namespace rastel::sandbox {
namespace {

struct Misdeed {
  const char* word;
  UnscannedReason reason;
};

constexpr Misdeed misdeeds[] = {
    {"lie-tag", UnscannedReason::crash},
    {"lie-length", UnscannedReason::crash},
    {"lie-huge-length", UnscannedReason::crash},
    {"lie-kind", UnscannedReason::crash},
    {"lie-name", UnscannedReason::crash},
    {"lie-empty-name", UnscannedReason::crash},
    {"lie-long-name", UnscannedReason::crash},
    {"lie-reason", UnscannedReason::crash},
    {"lie-layers", UnscannedReason::crash},
    {"lie-nothing-seen", UnscannedReason::crash},
    {"lie-version", UnscannedReason::crash},
    {"lie-cut", UnscannedReason::crash},
    {"lie-many", UnscannedReason::crash},
    {"garbage", UnscannedReason::crash},
    {"lie-known", UnscannedReason::crash},
    {"lie-vouched", UnscannedReason::crash},
    {"lie-vouched-infected", UnscannedReason::crash},
    {"lie-vouched-many", UnscannedReason::crash},
    {"large-packet", UnscannedReason::crash},
    {"empty-packet", UnscannedReason::crash},
    {"wrong-number", UnscannedReason::crash},
    {"wrong-kind", UnscannedReason::crash},
    {"descriptors", UnscannedReason::crash},
    {"crumbs", UnscannedReason::crash},
    {"close", UnscannedReason::crash},
    {"exit", UnscannedReason::crash},
    {"crash", UnscannedReason::crash},
    {"abort", UnscannedReason::crash},
    {"endless", UnscannedReason::limit},
#ifndef RASTEL_SANITIZED  // no limit on addresses there
    {"memory", UnscannedReason::memory},
#ifdef __GLIBC__
    {"null-memory", UnscannedReason::memory},
#endif
#endif
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST(HostileWorker, EachMisdeedCostsOneMessageItsVerdictAndNothingElse) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(is_clean(pool.scan("clean")));
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2; }));
  const std::size_t before = open_descriptors();
  for (const auto& [word, reason] : misdeeds) {
    const Report report = pool.scan(word);
    EXPECT_TRUE(report.has(reason)) << word << ": " << describe(report);
    EXPECT_EQ(report.unscanned.count(), 1U) << word << ": " << describe(report);
    EXPECT_TRUE(report.findings.empty()) << word << ": " << describe(report);
    EXPECT_EQ(report.engine_version, "Hostile") << word;
    EXPECT_TRUE(is_clean(pool.scan("clean"))) << "after " << word;
  }
  EXPECT_EQ(pool.status().restarts_of_engine, 0U) << "a worker's misdeed is not its zygote's";
  EXPECT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2 && open_descriptors() <= before; }))
      << "descriptors leak: " << open_descriptors() << " of " << before;
}

TEST(HostileWorker, ThatHangsOrSpinsIsKilledAtTheDeadline) {
  EngineOptions options = small_engine();
  options.deadline = Duration(4000);
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (const char* word : {"hang", "spin"}) {
    const Report report = pool.scan(word);
    EXPECT_TRUE(report.has(UnscannedReason::timeout)) << word << ": " << describe(report);
    EXPECT_TRUE(is_clean(pool.scan("clean"))) << "after " << word;
  }
  EXPECT_EQ(pool.status().timeouts, 2U);
  // Both at once: with its successor not yet there, a killed one that is still listed makes two as well.
  EXPECT_TRUE(pool.run_until([&] {
    return pool.status().workers_idle == 2 && children_of(pool.master().pid(1)).size() == 2;
  })) << "the killed ones are gone";
}

// Whoever answers before he is asked says nothing about the message that comes then.
TEST(HostileWorker, AnswerForTheNextMessageIsNeverTaken) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (const char* word : {"twice", "ahead"})
    for (int round = 0; round < 5; ++round) {
      const Report first = pool.scan(word);
      EXPECT_TRUE(is_clean(first) || first.has(UnscannedReason::crash)) << word << ": " << describe(first);
      const Report next = pool.scan("infected");
      // The answer too many may come in after the next message went out: then that one is unscanned, never
      // clean.
      EXPECT_TRUE(next.has(UnscannedReason::crash) ||
                  (next.findings.size() == 1 && next.findings[0].name == "Test.Virus"))
          << word << ": " << describe(next);
    }
}

TEST(HostileWorker, ThatFillsItsScratchFillsNothingElse) {
  for (const Start start : possible_starts()) {
    PoolForTest pool(small_engine(), hostile_engine, start);
    ASSERT_TRUE(pool.run_until_ready()) << to_string(start);
    // Without a filesystem of its own only the size of one file is limited.
    const Report report = pool.scan("fill");
    if (is_complete(start)) {
      EXPECT_TRUE(report.has(UnscannedReason::limit)) << to_string(start) << describe(report);
    }
    EXPECT_TRUE(is_clean(pool.scan("clean"))) << to_string(start);
  }
}

TEST(HostileWorker, CantChangeTheMessage) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_TRUE(is_clean(pool.scan("change"))) << "a memory file";
  EXPECT_TRUE(is_clean(pool.scan("change " + std::string(2 * Message::memory_limit, 'x'))))
      << "a file of the spool";
}

void kill_in_mid_scan(int signal) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2; }));
  const auto report = pool.start_scan("hang");
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 1; }));
  const Deadline reading = Deadline::in(std::chrono::milliseconds(200));
  pool.run_until([&] { return reading.passed(); });
  const auto workers = children_of(pool.master().pid(1));
  for (const pid_t worker : workers) kill(worker, signal);
  ASSERT_TRUE(pool.run_until([&] { return report->has_value(); }));
  ASSERT_TRUE(pool.run_until(
      [&] { return std::ranges::all_of(workers, [](pid_t worker) { return kill(worker, 0) != 0; }); }));
  EXPECT_TRUE((*report)->has(UnscannedReason::crash)) << describe(**report);
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_EQ(pool.status().restarts_of_engine, 0U);
}

TEST(HostileWorker, KilledFromOutsideInMidScan) { kill_in_mid_scan(SIGKILL); }
TEST(HostileWorker, SegmentationFaultFromOutsideInMidScan) { kill_in_mid_scan(SIGBUS); }

}  // namespace
}  // namespace rastel::sandbox
