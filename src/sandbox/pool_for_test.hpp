// SPDX-License-Identifier: GPL-2.0-only
// A pool over a MasterForTest on one io_context, driven step by step.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/deadline.hpp"
#include "sandbox/engines_for_test.hpp"
#include "sandbox/hostile_scanner_for_test.hpp"
#include "sandbox/pool.hpp"

namespace rastel::sandbox {

using LoadForTest = std::function<Result<Loaded>(std::uint32_t)>;

class PoolForTest {
 public:
  PoolForTest(const EngineOptions& options, LoadForTest load, Start start = best_start(),
              HandOver hand_over = {})
      : master_(start, {UserNamespace::none, is_complete(start), options.scratch.value, options.memory.value},
                folder_.path(), std::move(load)),
        pool_(WorkerPool::create(context_.get_executor(), options, master_, hand_over)) {
    pool_->start();
  }

  ~PoolForTest() {
    bool stopped = false;
    boost::asio::co_spawn(
        context_,
        [&]() -> boost::asio::awaitable<void> {
          co_await pool_->stop();
          stopped = true;
        },
        boost::asio::detached);
    EXPECT_TRUE(run_until([&] { return stopped; }));
    EXPECT_EQ(master_.alive(), 0U) << "engines outlive the pool";
    pool_.reset();
    context_.poll();
  }

  // Minutes: a busy machine must not fail a test; nothing waits as long where all is well.
  bool run_until(const std::function<bool()>& done) {
    const Deadline deadline = Deadline::in(std::chrono::minutes(2));
    // Asked once a turn: what was true may be untrue a moment later.
    while (!done()) {
      if (deadline.passed()) return false;
      context_.run_one_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  bool run_until_ready() {
    const bool ready = run_until([&] { return pool_->status().ready; });
    EXPECT_TRUE(ready) << pool_->status().trouble;
    return ready;
  }

  std::shared_ptr<std::optional<Report>> start_scan(
      std::string_view text, std::shared_ptr<Withdrawal> withdrawal = std::make_shared<Withdrawal>(),
      bool places = false) {
    const auto message = message_from_bytes(text, folder_.path());
    EXPECT_TRUE(message);
    auto report = std::make_shared<std::optional<Report>>();
    boost::asio::co_spawn(
        context_,
        [](WorkerPool& pool, ScanRequest subject, std::shared_ptr<Withdrawal> let_go,
           std::shared_ptr<std::optional<Report>> out) -> boost::asio::awaitable<void> {
          *out = co_await pool.scan(std::move(subject), std::move(let_go));
        }(*pool_, ScanRequest{*message, places}, std::move(withdrawal), report),
        boost::asio::detached);
    return report;
  }

  Report scan(std::string_view text, bool places = false) {
    const auto report = start_scan(text, std::make_shared<Withdrawal>(), places);
    EXPECT_TRUE(run_until([&] { return report->has_value(); })) << "no report about " << text.substr(0, 20);
    return report->value_or(Report{});
  }

  std::shared_ptr<std::optional<Result<>>> start_reload() {
    auto result = std::make_shared<std::optional<Result<>>>();
    boost::asio::co_spawn(
        context_,
        [](WorkerPool& pool, std::shared_ptr<std::optional<Result<>>> out) -> boost::asio::awaitable<void> {
          *out = co_await pool.reload();
        }(*pool_, result),
        boost::asio::detached);
    return result;
  }

  Result<> reload() {
    const auto result = start_reload();
    EXPECT_TRUE(run_until([&] { return result->has_value(); }));
    return result->value_or(fail(ErrorKind::timed_out, "no end"));
  }

  [[nodiscard]] PoolStatus status() const { return pool_->status(); }
  [[nodiscard]] WorkerPool& pool() { return *pool_; }
  [[nodiscard]] MasterForTest& master() { return master_; }
  [[nodiscard]] const TemporaryFolderForTest& folder() const { return folder_; }

 private:
  TemporaryFolderForTest folder_;
  boost::asio::io_context context_{1};
  MasterForTest master_;
  std::unique_ptr<WorkerPool> pool_;
};

inline EngineOptions small_engine() {
  EngineOptions options;
  options.workers = 1;
  options.scratch = ByteCount{4 << 20};
  options.memory = ByteCount{128 << 20};
  options.deadline = Duration(60'000);
  options.verdict_cache = ByteCount{0};  // the same text twice means two scans
  return options;
}

inline bool is_clean(const Report& report) {
  return report.complete() && report.findings.empty() && report.layers > 0;
}

inline std::string describe(const Report& report) {
  std::string text;
  for (const Finding& finding : report.findings)
    text += std::string(to_string(finding.kind)) + ":" + finding.name + " ";
  for (std::size_t i = 0; i < unscanned_reasons; ++i)
    if (report.unscanned.test(i))
      text += "[" + std::string(to_string(static_cast<UnscannedReason>(i))) + "] ";
  return text + "layers=" + std::to_string(report.layers);
}

}  // namespace rastel::sandbox
