// SPDX-License-Identifier: GPL-2.0-only
// What the keeper asks of a pool, with a pool that only counts.
#include "sandbox/signature_keeper.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detect/scratch_for_test.hpp"

namespace rastel::sandbox {
namespace {

namespace asio = boost::asio;
using testing::HasSubstr;
using State = KeeperStatus::State;

class CountingPool final : public WorkerPool {
 public:
  void start() override {}
  asio::awaitable<Report> scan(ScanRequest, std::shared_ptr<Withdrawal>) override { co_return Report(); }
  asio::awaitable<Result<>> reload() override {
    ++reloads;
    if (!refuses.empty()) co_return fail(ErrorKind::invalid_input, refuses);
    reported.signature_digest = "digest " + std::to_string(reloads);
    co_return Result<>{};
  }
  PoolStatus status() const override { return reported; }
  std::uint64_t generation() const override { return reported.generation; }
  std::uint32_t scans_under_way() const override { return 0; }
  asio::awaitable<void> stop() override { co_return; }

  int reloads = 0;
  std::string refuses;
  PoolStatus reported;
};

class SignatureKeeper : public testing::Test {
 protected:
  SignatureKeeper() {
    options_.directory = folder_.path();
    options_.settle = std::chrono::milliseconds(100);
    pool_.reported.generation = 1;
    pool_.reported.builtin_only = true;
    pool_.reported.signature_digest = "of the first engine";
    pool_.reported.memory = 1ULL << 30;
  }

  void begin() {
    keeper_ = sandbox::SignatureKeeper::create(context_.get_executor(), options_, pool_,
                                               [this] { return available_; });
    keeper_->start();
  }

  void put(const char* name, const char* text) const { folder_.write(name, text); }

  // Runs what is due until it holds; false after `at_most`.
  bool comes_to(const std::function<bool()>& condition,
                std::chrono::milliseconds at_most = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      context_.run_for(std::chrono::milliseconds(10));
      context_.restart();
    }
    return true;
  }

  bool is(State state) {
    return comes_to([&] { return keeper_->status().state == state; });
  }

  Result<std::string> reload(ReloadWish wish) {
    std::optional<Result<std::string>> done;
    const auto ask = [&]() -> asio::awaitable<void> { done = co_await keeper_->reload(wish); };
    asio::co_spawn(context_, ask, asio::detached);
    EXPECT_TRUE(comes_to([&] { return done.has_value(); }));
    return done.value_or(fail(ErrorKind::timed_out, "no answer"));
  }

  detect::FolderForTest folder_;
  SignatureOptions options_;
  asio::io_context context_;
  CountingPool pool_;
  std::optional<std::uint64_t> available_ = 8ULL << 30;
  std::unique_ptr<sandbox::SignatureKeeper> keeper_;
};

TEST_F(SignatureKeeper, WaitsForMemoryWhereItIsToldTo) {
  options_.reload = ReloadMode::wait;
  available_ = 1ULL << 30;  // a second set takes as much as the first, and an eighth
  put("local.ndb", "First.Bad:0:*:6162\n");
  begin();
  ASSERT_TRUE(is(State::waiting_for_memory));
  EXPECT_THAT(keeper_->status().what, HasSubstr("a second set needs 1152 MiB, there are 1024 MiB"));
  EXPECT_FALSE(comes_to([&] { return pool_.reloads > 0; }, std::chrono::seconds(6))) << "it looked again";
  available_ = 2ULL << 30;
  ASSERT_TRUE(comes_to([&] { return pool_.reloads == 1; }));
  EXPECT_TRUE(is(State::in_use));
}

TEST_F(SignatureKeeper, AWishThatWaitsForMemoryIsFulfilledLater) {
  put("local.ndb", "First.Bad:0:*:6162\n");
  options_.reload = ReloadMode::wait;
  begin();
  ASSERT_TRUE(comes_to([&] { return pool_.reloads == 1; }));
  available_ = 1;
  const auto refused = reload(ReloadWish::in_any_case);  // of a set that is in use already
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  EXPECT_TRUE(is(State::waiting_for_memory));
  available_ = 8ULL << 30;
  EXPECT_TRUE(comes_to([&] { return pool_.reloads == 2; }));
}

TEST_F(SignatureKeeper, LoadsBesideWithoutAskingForMemoryElsewhere) {
  available_ = 1;
  put("local.ndb", "First.Bad:0:*:6162\n");
  begin();
  EXPECT_TRUE(comes_to([&] { return pool_.reloads == 1; }));
  available_.reset();  // nor where nothing is known
  options_.reload = ReloadMode::wait;
  keeper_->set_options(options_);
  put("local.ndb", "Second.Bad:0:*:6162\n");
  EXPECT_TRUE(comes_to([&] { return pool_.reloads == 2; }));
}

TEST_F(SignatureKeeper, ASetThatFailedInUseIsNotTakenAgainByItself) {
  put("local.ndb", "First.Bad:0:*:6162\n");
  begin();
  ASSERT_TRUE(comes_to([&] { return pool_.reloads == 1; }));
  pool_.refuses = "Second.Bad breaks it";
  put("local.ndb", "Second.Bad:0:*:6162\n");
  ASSERT_TRUE(comes_to([&] { return keeper_->status().refused_why == "Second.Bad breaks it"; }));
  // As if it had been taken, and the pool had gone back to the set before.
  pool_.reported.rolled_back_digest = keeper_->status().refused_digest;
  pool_.reported.rolled_back_why = "its workers crashed";
  pool_.refuses.clear();
  put("local.ndb", "Third.Bad:0:*:6162\n");  // something else is taken
  ASSERT_TRUE(comes_to([&] { return pool_.reloads == 3; }));
  put("local.ndb", "Second.Bad:0:*:6162\n");
  ASSERT_TRUE(comes_to([&] { return keeper_->status().refused_why == "its workers crashed"; }));
  EXPECT_EQ(pool_.reloads, 3);
  EXPECT_TRUE(reload(ReloadWish::if_new).has_value()) << "a person may insist";
  EXPECT_EQ(pool_.reloads, 4);
}

}  // namespace
}  // namespace rastel::sandbox
