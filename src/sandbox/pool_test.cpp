// SPDX-License-Identifier: GPL-2.0-only
// The pool's own promises: order, retirement, restart, reload, deadlines in the queue, an end that leaves
// nothing.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <sys/wait.h>

#include "sandbox/pool_for_test.hpp"
#include "sandbox/scan_queue.hpp"

namespace rastel::sandbox {
namespace {

TEST(Pool, TellsWhatTheEngineIs) {
  PoolForTest pool(small_engine(), hostile_engine);
  EXPECT_FALSE(pool.status().ready);
  EXPECT_FALSE(pool.status().trouble.empty());
  ASSERT_TRUE(pool.run_until_ready());
  const PoolStatus status = pool.status();
  EXPECT_EQ(status.engine_version, "Hostile");
  EXPECT_EQ(status.signature_version, "1");
  EXPECT_EQ(status.generation, 1U);
  EXPECT_TRUE(status.trouble.empty());
  if (is_complete(best_start())) {
    EXPECT_TRUE(status.confinement_missing.empty()) << status.confinement_missing.front();
  }
}

TEST(Pool, RetiresAWorkerAfterItsMessages) {
  EngineOptions options = small_engine();
  options.retire_after = 3;
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (int i = 0; i < 12; ++i) {
    const Report report = pool.scan("clean");
    ASSERT_TRUE(is_clean(report));
    EXPECT_LE(report.layers, 3U) << "it counts its scans";
  }
}

TEST(Pool, RetiresAWorkerThatFoundSomething) {
  EngineOptions options = small_engine();
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (int i = 0; i < 4; ++i) {
    const Report report = pool.scan("infected");
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.layers, 1U) << "a fresh one each time";
  }
}

TEST(Pool, AHugeMessageDoesNotHoldUpTheSmallOnes) {
  EngineOptions options = small_engine();
  options.workers = 2;
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  const auto huge = [](std::string text) {
    text.resize(ScanQueue::huge + 1, ' ');
    return text;
  };
  const auto withdrawal = std::make_shared<Withdrawal>();
  const auto first = pool.start_scan(huge("hang"), withdrawal);
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 1; }));
  const auto second = pool.start_scan(huge("clean"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_FALSE(second->has_value()) << "two huge ones at a time";
  withdrawal->withdraw();
  ASSERT_TRUE(pool.run_until([&] { return first->has_value() && second->has_value(); }));
  EXPECT_TRUE(is_clean(**second));
}

TEST(Pool, ManyAtOnceAreAllScanned) {
  EngineOptions options = small_engine();
  options.workers = 3;
  PoolForTest pool(options, hostile_engine);
  std::vector<std::shared_ptr<std::optional<Report>>> reports;
  for (int i = 0; i < 60; ++i)
    reports.push_back(pool.start_scan(i % 7 == 3 ? "crash" : i % 5 == 2 ? "infected" : "clean"));
  EXPECT_TRUE(pool.run_until(
      [&] { return std::ranges::all_of(reports, [](const auto& report) { return report->has_value(); }); }));
  for (int i = 0; i < 60; ++i) {
    const Report& report = **reports[static_cast<std::size_t>(i)];
    if (i % 7 == 3) {
      EXPECT_TRUE(report.has(UnscannedReason::crash)) << i << describe(report);
    } else if (i % 5 == 2) {
      EXPECT_EQ(report.findings.size(), 1U) << i << describe(report);
    } else {
      EXPECT_TRUE(is_clean(report)) << i << describe(report);
    }
  }
  EXPECT_EQ(pool.pool().scans_under_way(), 0U);
}

TEST(Pool, WhoWaitsTooLongForAWorkerIsToldSo) {
  EngineOptions options = small_engine();
  options.deadline = Duration(3000);
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2; }));
  const auto first = pool.start_scan("hang");
  const auto second = pool.start_scan("hang");
  const auto third = pool.start_scan("clean");
  ASSERT_TRUE(
      pool.run_until([&] { return first->has_value() && second->has_value() && third->has_value(); }));
  EXPECT_TRUE((*first)->has(UnscannedReason::timeout));
  EXPECT_TRUE((*second)->has(UnscannedReason::timeout));
  // Its deadline is the same instant at which workers come free: either is right, silence isn't.
  EXPECT_TRUE((*third)->has(UnscannedReason::engine) || is_clean(**third)) << describe(**third);
}

TEST(Pool, AWithdrawnScanGivesItsWorkerOrItsPlaceInTheQueueBack) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2; }));
  std::vector<std::shared_ptr<Withdrawal>> withdrawals;
  std::vector<std::shared_ptr<std::optional<Report>>> reports;
  for (int i = 0; i < 3; ++i)  // two have a worker, one waits
    reports.push_back(pool.start_scan("hang", withdrawals.emplace_back(std::make_shared<Withdrawal>())));
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 2; }));
  for (const int i : {2, 0}) {
    withdrawals[static_cast<std::size_t>(i)]->withdraw();
    const auto& report = reports[static_cast<std::size_t>(i)];
    ASSERT_TRUE(pool.run_until([&] { return report->has_value(); })) << i;
    EXPECT_TRUE((*report)->has(UnscannedReason::timeout)) << i << describe(**report);
  }
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_FALSE(reports[1]->has_value()) << "the one that was not withdrawn goes on";
  EXPECT_EQ(pool.status().crashes, 0U);
  withdrawals[1]->withdraw();
  EXPECT_TRUE(pool.run_until([&] { return pool.pool().scans_under_way() == 0; }));
  withdrawals[1]->withdraw();  // of no effect any more
}

TEST(Pool, WithoutAnEngineScansEndAtTheirDeadline) {
  EngineOptions options = small_engine();
  options.deadline = Duration(300);
  PoolForTest pool(options, [](std::uint32_t) -> Result<Loaded> {
    return fail(ErrorKind::invalid_input, "no signatures here");
  });
  EXPECT_TRUE(pool.scan("clean").has(UnscannedReason::engine));
  EXPECT_TRUE(pool.run_until([&] { return pool.status().restarts_of_engine > 0; }));
  EXPECT_FALSE(pool.status().ready);
  EXPECT_EQ(pool.status().trouble, "no signatures here");
}

TEST(Pool, ComesUpOnceTheSignaturesLoad) {
  PoolForTest pool(small_engine(), [](std::uint32_t engine) -> Result<Loaded> {
    return engine == 1 ? fail(ErrorKind::invalid_input, "not yet") : hostile_engine(engine);
  });
  EXPECT_TRUE(pool.scan("clean").has(UnscannedReason::engine)) << "told as soon as the first has failed";
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_TRUE(pool.status().trouble.empty());
}

TEST(Pool, EngineThatFailsItsCanariesInTheWorkersIsNotUsed) {
  PoolForTest pool(small_engine(),
                   [](std::uint32_t engine) { return hostile_engine(engine == 1 ? 66 : engine); });
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_EQ(pool.status().signature_version, "2");
}

bool is_stopped(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t after = text.rfind(')');
  return after != std::string::npos && text.substr(after, 3) == ") T";
}

TEST(Pool, AMessageIsNotToBlameForAWorkerThatDiedBeforeItReadIt) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2; }));
    const auto workers = children_of(pool.master().pid(1));
    for (const pid_t worker : workers) kill(worker, SIGSTOP);
    ASSERT_TRUE(pool.run_until([&] { return std::ranges::all_of(workers, is_stopped); }));
    const auto report = pool.start_scan("clean");
    ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 1; }));
    for (const pid_t worker : workers) kill(worker, SIGKILL);
    ASSERT_TRUE(pool.run_until([&] { return report->has_value(); }));
    EXPECT_TRUE(is_clean(**report)) << describe(**report);
  }
  EXPECT_EQ(pool.status().crashes, 0U);
}

TEST(Pool, EngineKilledInMidScan) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  const auto report = pool.start_scan("hang-in-first-engine");
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 1; }));
  const auto workers = children_of(pool.master().pid(1));
  ASSERT_FALSE(workers.empty());
  kill(pool.master().pid(1), SIGKILL);
  ASSERT_TRUE(pool.run_until([&] { return report->has_value(); }));
  EXPECT_TRUE(is_clean(**report)) << "scanned again by the next engine: " << describe(**report);
  EXPECT_EQ(pool.status().restarts_of_engine, 1U);
  EXPECT_TRUE(pool.run_until([&] {
    return std::ranges::all_of(workers, [](pid_t worker) { return kill(worker, 0) != 0; });
  })) << "workers die with their zygote";
}

TEST(Pool, MessageUnderWhichTheEngineDiesTwiceIsNotTriedAgain) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  const auto report = pool.start_scan("hang");
  for (std::uint32_t engine = 1; engine <= 2; ++engine) {
    ASSERT_TRUE(
        pool.run_until([&] { return pool.master().started() == engine && pool.status().workers_busy == 1; }));
    kill(pool.master().pid(engine), SIGKILL);
  }
  ASSERT_TRUE(pool.run_until([&] { return report->has_value(); }));
  EXPECT_TRUE((*report)->has(UnscannedReason::crash)) << describe(**report);
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_TRUE(is_clean(pool.scan("clean")));
}

TEST(Pool, EngineThatNoLongerObeysIsKilledByTheMaster) {
  EngineOptions options = small_engine();
  options.deadline = Duration(2000);
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  const auto report = pool.start_scan("hang");
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 1; }));
  kill(pool.master().pid(1), SIGSTOP);
  ASSERT_TRUE(pool.run_until([&] { return report->has_value(); }));
  EXPECT_TRUE((*report)->has(UnscannedReason::timeout));
  EXPECT_TRUE(pool.run_until([&] { return pool.master().pid(1) == -1; }));
  EXPECT_TRUE(pool.run_until([&] { return pool.status().ready && pool.status().generation == 2; }));
  // The folder that the first left behind is the next engine's to remove, and the second began too early.
  if (!is_complete(best_start())) {
    EXPECT_TRUE(pool.reload());
  }
}

TEST(Pool, ReloadTakesOverWhileTheOldOneStillScans) {
  EngineOptions options = small_engine();
  options.deadline = Duration(10'000);
  PoolForTest pool(options, hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  const auto old = pool.start_scan("hang-in-first-engine");
  ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 1; }));
  ASSERT_TRUE(pool.reload());
  EXPECT_EQ(pool.status().generation, 2U);
  EXPECT_EQ(pool.status().signature_version, "2");
  const Report report = pool.scan("clean");
  EXPECT_TRUE(is_clean(report));
  EXPECT_EQ(report.signature_version, "2");
  ASSERT_TRUE(pool.run_until([&] { return old->has_value(); }));
  EXPECT_TRUE((*old)->has(UnscannedReason::timeout)) << describe(**old);
  EXPECT_EQ((*old)->signature_version, "1");
  EXPECT_TRUE(pool.run_until([&] { return pool.master().pid(1) == -1; })) << "drained, then ended";
  EXPECT_EQ(pool.status().restarts_of_engine, 0U);
}

TEST(Pool, BadSignaturesAreRefusedAndTheOldOnesStay) {
  const LoadForTest load = [](std::uint32_t engine) -> Result<Loaded> {
    if (engine == 2) return fail(ErrorKind::invalid_input, "/x/bad.ndb: malformed");
    return hostile_engine(engine == 3 ? 66 : engine);
  };
  PoolForTest pool(small_engine(), load);
  ASSERT_TRUE(pool.run_until_ready());
  const auto malformed = pool.reload();
  ASSERT_FALSE(malformed);
  EXPECT_NE(malformed.error().what.find("/x/bad.ndb: malformed"), std::string::npos)
      << malformed.error().what;
  const auto finds_nothing = pool.reload();
  ASSERT_FALSE(finds_nothing);
  EXPECT_NE(finds_nothing.error().what.find("don't come up"), std::string::npos)
      << finds_nothing.error().what;
  EXPECT_EQ(pool.status().generation, 1U);
  EXPECT_TRUE(pool.status().ready);
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  EXPECT_TRUE(pool.run_until([&] { return pool.master().alive() == 1; })) << "the refused ones are gone";
}

TEST(Pool, OneReloadAtATime) {
  PoolForTest pool(small_engine(), hostile_engine);
  EXPECT_FALSE(pool.reload()) << "nothing is loaded yet";
  ASSERT_TRUE(pool.run_until_ready());
  const auto first = pool.start_reload();
  const auto second = pool.start_reload();
  ASSERT_TRUE(pool.run_until([&] { return first->has_value() && second->has_value(); }));
  EXPECT_NE((*first)->has_value(), (*second)->has_value());
}

TEST(Pool, EndsInTheMiddleOfScans) {
  std::shared_ptr<std::optional<Report>> running;
  std::shared_ptr<std::optional<Report>> waiting;
  {
    PoolForTest pool(small_engine(), hostile_engine);
    ASSERT_TRUE(pool.run_until_ready());
    ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_idle == 2; }));
    running = pool.start_scan("hang");
    (void)pool.start_scan("hang");
    waiting = pool.start_scan("clean");
    ASSERT_TRUE(pool.run_until([&] { return pool.status().workers_busy == 2; }));
  }
  ASSERT_TRUE(running->has_value() && waiting->has_value());
  EXPECT_FALSE((*running)->complete());
  EXPECT_TRUE((*waiting)->has(UnscannedReason::engine)) << describe(**waiting);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST(Pool, ConfinementThatIsRequiredButCantBeHadStopsTheEngine) {
  const auto starts = possible_starts();
  if (std::ranges::find(starts, Start::plain_user) == starts.end()) GTEST_SKIP() << "needs an ordinary user";
  const TemporaryFolderForTest folder;
  MasterForTest master(Start::plain_user, {UserNamespace::none, true, 4 << 20, 128 << 20}, folder.path(),
                       hostile_engine);
  boost::asio::io_context context;
  const auto pool = WorkerPool::create(context.get_executor(), small_engine(), master);
  pool->start();
  for (int i = 0; i < 6000 && pool->status().restarts_of_engine == 0; ++i)
    context.run_one_for(std::chrono::milliseconds(10));
  EXPECT_NE(pool->status().trouble.find("can't be confined"), std::string::npos) << pool->status().trouble;
  EXPECT_NE(pool->status().trouble.find("confinement = \"best\""), std::string::npos);
  boost::asio::co_spawn(context, pool->stop(), boost::asio::detached);
  context.run_for(std::chrono::seconds(1));
}

TEST(Pool, WhatCantBeHadIsToldWhereItIsNotRequired) {
  const auto starts = possible_starts();
  if (std::ranges::find(starts, Start::plain_user) == starts.end()) GTEST_SKIP() << "needs an ordinary user";
  PoolForTest pool(small_engine(), hostile_engine, Start::plain_user);
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_FALSE(pool.status().confinement_missing.empty());
  EXPECT_TRUE(is_clean(pool.scan("clean")));
  kill(pool.master().pid(1), SIGKILL);  // leaves its scratch folder behind; the next engine tidies it up
  EXPECT_TRUE(pool.run_until([&] { return pool.status().generation == 2; }));
  EXPECT_TRUE(is_clean(pool.scan("clean")));
}

}  // namespace
}  // namespace rastel::sandbox
