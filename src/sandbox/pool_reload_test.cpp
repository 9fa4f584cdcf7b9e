// SPDX-License-Identifier: GPL-2.0-only
// How a new engine takes over, is tried, and falls.
#include <csignal>

#include <gtest/gtest.h>

#include "sandbox/pool_for_test.hpp"

namespace rastel::sandbox {
namespace {

HandOver long_trial() {
  HandOver hand_over;
  hand_over.trial_time = Duration(600'000);
  hand_over.trial_scans = 1000;
  return hand_over;
}

TEST(PoolReload, TheOldEngineStaysUntilTheNewOneHasScannedEnough) {
  HandOver hand_over = long_trial();
  hand_over.trial_scans = 3;
  PoolForTest pool(small_engine(), hostile_engine, best_start(), hand_over);
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.reload());
  EXPECT_TRUE(pool.status().on_trial);
  EXPECT_EQ(pool.master().alive(), 2U);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_TRUE(pool.status().on_trial);
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_FALSE(pool.status().on_trial);
  EXPECT_TRUE(pool.run_until([&] { return pool.master().alive() == 1; }));
  EXPECT_EQ(pool.status().signature_version, "2");
  EXPECT_EQ(pool.status().generation, 2U);
}

TEST(PoolReload, OrHasServedLongEnough) {
  HandOver hand_over = long_trial();
  hand_over.trial_time = Duration(200);
  PoolForTest pool(small_engine(), hostile_engine, best_start(), hand_over);
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.reload());
  EXPECT_TRUE(pool.run_until([&] { return !pool.status().on_trial && pool.master().alive() == 1; }));
  EXPECT_EQ(pool.status().signature_version, "2");
}

TEST(PoolReload, AnEngineThatDiesOnTrialGivesWayToTheOldOne) {
  PoolForTest pool(small_engine(), hostile_engine, best_start(), long_trial());
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.reload());
  kill(pool.master().pid(2), SIGKILL);
  ASSERT_TRUE(pool.run_until([&] { return !pool.status().rolled_back_digest.empty(); }));
  EXPECT_EQ(pool.status().rolled_back_digest.back(), '2');
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_EQ(pool.status().signature_version, "1");
  EXPECT_EQ(pool.status().restarts_of_engine, 0U);
  EXPECT_EQ(pool.master().started(), 2U) << "nothing was loaded a third time";
  ASSERT_TRUE(pool.reload()) << "another set may come";
  EXPECT_EQ(pool.status().signature_version, "3");
}

TEST(PoolReload, SignaturesThatCrashOnWhatTheOldOnesScanAreGivenUp) {
  PoolForTest pool(small_engine(), hostile_engine, best_start(), long_trial());
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.reload());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pool.status().signature_version, "2");
    const Report report = pool.scan("crash-in-second-engine");
    EXPECT_TRUE(is_clean(report)) << describe(report);
    EXPECT_EQ(report.signature_version, "1") << "the old ones' verdict";
  }
  EXPECT_EQ(pool.status().signature_version, "1");
  EXPECT_NE(pool.status().rolled_back_why.find("crash"), std::string::npos);
}

// Or a sender could turn the signatures back.
TEST(PoolReload, AMessageThatCrashesBothIsToBlameItself) {
  PoolForTest pool(small_engine(), hostile_engine, best_start(), long_trial());
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.reload());
  for (int i = 0; i < 5; ++i) {
    const Report report = pool.scan("abort");
    EXPECT_TRUE(report.has(UnscannedReason::crash)) << describe(report);
  }
  EXPECT_EQ(pool.status().signature_version, "2");
  EXPECT_TRUE(pool.status().rolled_back_why.empty());
}

TEST(PoolReload, OneWorkerMoreThanWantedAtMost) {
  EngineOptions options = small_engine();
  options.workers = 4;
  PoolForTest pool(options, hostile_engine, best_start(), long_trial());
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 5; }));
  const auto reload = pool.start_reload();
  std::uint32_t most = 0;
  std::uint32_t least = 5;
  ASSERT_TRUE(pool.run_until([&] {
    const PoolStatus status = pool.status();
    most = std::max(most, status.workers_idle + status.workers_starting);
    least = std::min(least, status.workers_idle);
    return reload->has_value() && status.workers_idle == 5 && status.workers_starting == 0;
  }));
  ASSERT_TRUE(**reload);
  EXPECT_LE(most, 6U);
  EXPECT_GE(least, 5U) << "there were never fewer to scan with";
}

TEST(PoolReload, LoadingHasADeadline) {
  HandOver hand_over;
  hand_over.load_deadline = Duration(300);
  const LoadForTest load = [](std::uint32_t engine) -> Result<Loaded> {
    if (engine == 2)
      for (;;) pause();
    return hostile_engine(engine);
  };
  PoolForTest pool(small_engine(), load, best_start(), hand_over);
  ASSERT_TRUE(pool.run_until_ready());
  const auto late = pool.reload();
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().what.find("not loaded after"), std::string::npos) << late.error().what;
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_TRUE(pool.run_until([&] { return pool.master().alive() == 1; }));
}

// Without a database nothing real would be found: what comes is deferred instead of called clean.
TEST(PoolReload, AnEmptiedFolderNeverReplacesDatabases) {
  const LoadForTest load = [](std::uint32_t engine) -> Result<Loaded> {
    auto loaded = hostile_engine(engine);
    loaded->ready.builtin_only = engine > 1;
    return loaded;
  };
  PoolForTest pool(small_engine(), load);
  ASSERT_TRUE(pool.run_until_ready());
  const auto emptied = pool.reload();
  ASSERT_FALSE(emptied);
  EXPECT_NE(emptied.error().what.find("empty"), std::string::npos) << emptied.error().what;
  kill(pool.master().pid(1), SIGKILL);
  ASSERT_TRUE(pool.run_until([&] { return pool.status().restarts_of_engine > 1; }));
  EXPECT_FALSE(pool.status().ready);
  EXPECT_TRUE(pool.scan("clean").has(UnscannedReason::engine));
}

}  // namespace
}  // namespace rastel::sandbox
