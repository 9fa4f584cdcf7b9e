// SPDX-License-Identifier: GPL-2.0-only
// Custody (PROTOCOLS A-01): for every n, the n-th durable operation of a call fails, or the world ends there.
// Whatever the call had answered with success is there afterwards, whole; what was there before it is
// unharmed; and the store goes on working.
#include <cerrno>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/faults_for_test.hpp"
#include "store/quarantine.hpp"
#include "store/store_for_test.hpp"

namespace rastel::store {
namespace {

using std::chrono::hours;
using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string earlier_bytes = "Subject: earlier\r\n\r\nwas here before\r\n";
const std::string bytes = "Subject: now\r\n\r\n" + std::string(300'000, 'n') + "\r\n";  // several writes

struct Case {
  FaultyDisk::Loss loss;
  FaultyDisk::Fault fault;
  int number;
};

// A quarantine on a faulty disk with one message held since long.
struct World {
  FolderForTest folder;
  FaultyDisk disk{folder.path()};
  StoreOptions options = folder.options();
  MessagePointer earlier = message_for_test(earlier_bytes);
  MessagePointer message = message_for_test(bytes);
  HoldRequest earlier_request = request_for_test({"old@x.example", "older@x.example"});
  HoldRequest request = request_for_test({"a@x.example", "b@x.example"});
  Digest pass = sha256("pass");
  Clock::time_point now = Clock::now();
  std::unique_ptr<Quarantine> quarantine;

  World() {
    open();
    EXPECT_TRUE(quarantine->hold(*earlier, earlier_request));
  }
  void open() {
    quarantine.reset();
    auto opened = Quarantine::open(options, disk);
    ASSERT_TRUE(opened) << opened.error().what;
    quarantine = std::move(*opened);
  }
  // The next instant: nothing that closing the database still writes may help.
  void end(FaultyDisk::Loss loss) {
    disk.fail_at(1, EIO, FaultyDisk::Fault::from_then_on);
    quarantine.reset();
    disk.lose(loss);
  }
  std::vector<std::string> in_state(const std::string& id, HeldState state) {
    const auto held = quarantine->show(id);
    return held ? addresses(*held, state) : std::vector<std::string>{held.error().what};
  }
};

// Every entry has its bytes, and the numbers agree with what lies on the disk.
void expect_consistent(World& world) {
  const auto all = world.quarantine->list({.only_held = false});
  ASSERT_TRUE(all) << all.error().what;
  std::uint64_t sum = 0;
  for (const HeldMessage& held : *all) {
    if (!addresses(held, HeldState::deleted).empty() || !addresses(held, HeldState::discarded).empty())
      continue;
    EXPECT_EQ(sha256(raw_bytes(*world.quarantine, held.id)), held.digest) << held.id;
    EXPECT_FALSE(held.recipients.empty());
    sum += held.size;
  }
  EXPECT_EQ(world.quarantine->usage()->bytes, sum);
  EXPECT_EQ(raw_bytes(*world.quarantine, world.earlier_request.id), earlier_bytes);
}

void expect_purge_leaves_only_entries(World& world) {
  ASSERT_TRUE(world.quarantine->purge(Clock::now() + hours(2)));
  std::size_t stored = 0;
  const auto all = world.quarantine->list({.only_held = false}).value();
  for (const HeldMessage& held : all)
    stored +=
        addresses(held, HeldState::deleted).empty() && addresses(held, HeldState::discarded).empty() ? 1 : 0;
  EXPECT_EQ(files_below(world.folder.path(), ".eml").size(), stored);
  EXPECT_THAT(files_below(world.folder.path(), ".tmp"), IsEmpty());
  expect_consistent(world);
}

class FaultTest : public testing::TestWithParam<Case> {
 protected:
  using Step = std::function<void(World&)>;
  using Act = std::function<Result<>(World&)>;
  using Check = std::function<void(World&, bool succeeded)>;

  // How often the fault was reached.
  static std::uint64_t for_every_fault(const Step& prepare, const Act& act, const Check& check) {
    const Case& param = GetParam();
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      World world;
      prepare(world);
      world.disk.fail_at(n, param.number, param.fault);
      const Result<> result = act(world);
      const bool reached = world.disk.failed();
      if (!reached) {
        EXPECT_TRUE(result) << result.error().what;
      }
      world.end(param.loss);
      world.open();
      if (HasFatalFailure()) return 0;
      expect_consistent(world);
      check(world, result.has_value());
      expect_purge_leaves_only_entries(world);
      if (!reached || HasFailure()) return n - 1;
    }
  }
};

class PassingFaultTest : public FaultTest {};

TEST_P(FaultTest, HoldNeverLiesAndNeverHarms) {
  const auto act = [](World& world) -> Result<> {
    RASTEL_TRY(const std::string id, world.quarantine->hold(*world.message, world.request));
    EXPECT_EQ(id, world.request.id);
    return {};
  };
  const auto check = [](World& world, bool succeeded) {
    if (succeeded) {
      EXPECT_TRUE(raw_bytes(*world.quarantine, world.request.id) == bytes);
      EXPECT_THAT(world.in_state(world.request.id, HeldState::held),
                  ElementsAre("a@x.example", "b@x.example"));
    }
    // The sender's next attempt. What it is told must hold even if power goes at once, whether the row was
    // written anew or only seen.
    HoldRequest next = request_for_test({"a@x.example", "b@x.example"});
    next.id.replace(0, 2, world.request.id, 0, 2);  // in the same folder, which may be there but not durable
    const auto again = world.quarantine->hold(*world.message, next);
    ASSERT_TRUE(again) << again.error().what;
    world.end(FaultyDisk::Loss::unsynced);
    world.open();
    EXPECT_TRUE(raw_bytes(*world.quarantine, *again) == bytes);
    EXPECT_THAT(world.in_state(*again, HeldState::held), ElementsAre("a@x.example", "b@x.example"));
    EXPECT_EQ(world.quarantine->list({})->size(), 2U) << "held once";
  };
  EXPECT_GE(for_every_fault([](World&) {}, act, check), 8U);
}

TEST_P(PassingFaultTest, HoldSucceedsAfterIt) {
  const auto act = [](World& world) -> Result<> {
    const auto first = world.quarantine->hold(*world.message, world.request);
    const auto second = world.quarantine->hold(*world.message, world.request);
    EXPECT_TRUE(second) << second.error().what << ", after " << (first ? "success" : first.error().what);
    if (!second) return std::unexpected(second.error());
    EXPECT_EQ(world.quarantine->usage()->bytes, earlier_bytes.size() + bytes.size());
    return {};
  };
  const auto check = [](World& world, bool succeeded) {
    EXPECT_TRUE(succeeded);
    EXPECT_TRUE(raw_bytes(*world.quarantine, world.request.id) == bytes);
    EXPECT_EQ(world.quarantine->list({})->size(), 2U);
  };
  EXPECT_GE(for_every_fault([](World&) {}, act, check), 8U);
}

TEST_P(FaultTest, AJoiningRecipientIsHeldOrNotSaidToBe) {
  const auto act = [](World& world) -> Result<> {
    RASTEL_TRY(const std::string id,
               world.quarantine->hold(*world.earlier, request_for_test({"old@x.example", "new@x.example"})));
    EXPECT_EQ(id, world.earlier_request.id);
    return {};
  };
  const auto check = [](World& world, bool succeeded) {
    const auto held = world.in_state(world.earlier_request.id, HeldState::held);
    if (held.size() != 2 || succeeded) {
      EXPECT_THAT(held, ElementsAre("old@x.example", "older@x.example", "new@x.example"));
    } else {
      EXPECT_THAT(held, ElementsAre("old@x.example", "older@x.example"));
    }
  };
  EXPECT_GE(for_every_fault([](World&) {}, act, check), 2U);
}

TEST_P(FaultTest, ADiscardIsRecordedOrNotSaidToBe) {
  const auto act = [](World& world) {
    return world.quarantine->record_discard(*world.message, world.request);
  };
  const auto check = [](World& world, bool succeeded) {
    const auto count = [&] {
      return ask_index(world.options,
                       "SELECT count(*) FROM entry JOIN recipient ON entry = entry.number"
                       " WHERE kind = 1 AND state = 4");
    };
    EXPECT_THAT(count(), AnyOf(2, succeeded ? 2 : 0)) << "both recipients or none";
    EXPECT_TRUE(world.quarantine->record_discard(*world.message, world.request));
    EXPECT_EQ(count(), 2);
  };
  EXPECT_GE(for_every_fault([](World&) {}, act, check), 2U);
}

TEST_P(FaultTest, AReleaseBeginsAsAWholeOrNotAtAll) {
  const auto act = [](World& world) -> Result<> {
    RASTEL_CHECK(world.quarantine->begin_release(world.earlier_request.id, {}, world.pass, world.now));
    return {};
  };
  const auto check = [](World& world, bool succeeded) {
    const std::string& id = world.earlier_request.id;
    const auto pending = world.quarantine->pending_releases().value();
    const std::vector<std::string> both{"old@x.example", "older@x.example"};
    if (succeeded) {
      ASSERT_EQ(pending.size(), 1U);
    }
    if (pending.empty()) {
      EXPECT_EQ(world.in_state(id, HeldState::held), both);
      EXPECT_FALSE(world.quarantine->consume_pass(world.pass, {both[0]}, world.now).value());
      return;
    }
    EXPECT_EQ(world.in_state(id, HeldState::releasing), both);
    EXPECT_EQ(pending[0].recipients.size(), 2U);
    EXPECT_TRUE(world.quarantine->consume_pass(world.pass, both, world.now).value());
    EXPECT_TRUE(world.quarantine->finish_release(id, both, true));
    EXPECT_EQ(world.in_state(id, HeldState::released), both);
  };
  EXPECT_GE(for_every_fault([](World&) {}, act, check), 2U);
}

TEST_P(FaultTest, AReleaseEndsOrIsTakenUpAgain) {
  for (const bool released : {true, false}) {
    SCOPED_TRACE(released ? "released" : "refused");
    const auto prepare = [](World& world) {
      ASSERT_TRUE(world.quarantine->begin_release(world.earlier_request.id, {}, world.pass, world.now));
    };
    const std::vector<std::string> both{"old@x.example", "older@x.example"};
    const auto act = [&](World& world) {
      return world.quarantine->finish_release(world.earlier_request.id, both, released);
    };
    const auto check = [&](World& world, bool succeeded) {
      const std::string& id = world.earlier_request.id;
      const HeldState wanted = released ? HeldState::released : HeldState::held;
      const auto pending = world.quarantine->pending_releases().value();
      if (succeeded) {
        EXPECT_THAT(pending, IsEmpty());
      }
      EXPECT_EQ(world.in_state(id, pending.empty() ? wanted : HeldState::releasing), both);
      EXPECT_TRUE(world.quarantine->finish_release(id, both, released));
      EXPECT_EQ(world.in_state(id, wanted), both);
      EXPECT_EQ(world.quarantine->consume_pass(world.pass, both, world.now).value(), released);
    };
    EXPECT_GE(for_every_fault(prepare, act, check), 2U);
  }
}

TEST_P(FaultTest, AUsedPassStaysUsed) {
  const auto prepare = [](World& world) {
    ASSERT_TRUE(world.quarantine->begin_release(world.earlier_request.id, {}, world.pass, world.now));
  };
  const auto act = [](World& world) -> Result<> {
    RASTEL_TRY(const bool passed, world.quarantine->consume_pass(world.pass, {"old@x.example"}, world.now));
    EXPECT_TRUE(passed);
    return {};
  };
  const auto check = [](World& world, bool succeeded) {
    const auto again = world.quarantine->consume_pass(world.pass, {"old@x.example"}, world.now);
    ASSERT_TRUE(again) << again.error().what;
    if (succeeded) {
      EXPECT_FALSE(*again);
    }
    EXPECT_TRUE(world.quarantine->consume_pass(world.pass, {"older@x.example"}, world.now).value());
  };
  EXPECT_GE(for_every_fault(prepare, act, check), 2U);
}

TEST_P(FaultTest, WhatIsRemovedOrPurgedIsGoneOrWhole) {
  for (const bool by_age : {false, true}) {
    SCOPED_TRACE(by_age ? "purge" : "remove");
    const auto prepare = [&](World& world) {
      ASSERT_TRUE(world.quarantine->hold(*world.message, world.request));
      if (by_age) {
        // The earlier one is being released: purge leaves it alone.
        ASSERT_TRUE(world.quarantine->begin_release(world.earlier_request.id, {}, world.pass, world.now));
      }
    };
    const auto act = [&](World& world) -> Result<> {
      if (!by_age) return world.quarantine->remove(world.request.id);
      RASTEL_CHECK(world.quarantine->purge(world.now + world.options.keep + hours(1)));
      return {};
    };
    const auto check = [&](World& world, bool succeeded) {
      const auto shown = world.quarantine->show(world.request.id);
      const bool gone = by_age ? !shown : !addresses(shown.value(), HeldState::deleted).empty();
      if (succeeded) {
        EXPECT_TRUE(gone);
      }
      if (!gone) {
        EXPECT_TRUE(raw_bytes(*world.quarantine, world.request.id) == bytes);
      }
    };
    EXPECT_GE(for_every_fault(prepare, act, check), 3U);
  }
}

std::vector<Case> cases(const std::vector<FaultyDisk::Fault>& faults) {
  std::vector<Case> all;
  for (const auto loss : {FaultyDisk::Loss::unsynced, FaultyDisk::Loss::contents, FaultyDisk::Loss::nothing})
    for (const auto fault : faults)
      for (const int number : {EIO, ENOSPC})
        if (loss == FaultyDisk::Loss::unsynced || number == EIO) all.push_back({loss, fault, number});
  return all;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.loss == FaultyDisk::Loss::unsynced   ? "power"
                     : info.param.loss == FaultyDisk::Loss::contents ? "names_early"
                                                                     : "kill";
  name += info.param.fault == FaultyDisk::Fault::once ? "_once" : "_for_good";
  return name + (info.param.number == EIO ? "_EIO" : "_ENOSPC");
}

INSTANTIATE_TEST_SUITE_P(Every, FaultTest,
                         testing::ValuesIn(cases({FaultyDisk::Fault::once, FaultyDisk::Fault::from_then_on})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Every, PassingFaultTest, testing::ValuesIn(cases({FaultyDisk::Fault::once})),
                         name_of);

// The first start: the folders and the empty database. After any trouble the next start is as good as the
// first.
TEST(FirstStart, EveryTroubleIsSaidAndForgotten) {
  std::uint64_t n = 1;
  for (bool reached = true; reached;) {
    SCOPED_TRACE("operation " + std::to_string(n));
    const FolderForTest folder;
    FaultyDisk disk(folder.path());
    disk.fail_at(n, n % 2 == 0 ? EIO : ENOSPC, FaultyDisk::Fault::from_then_on);
    {
      const auto opened = Quarantine::open(folder.options(), disk);
      reached = disk.failed();
      EXPECT_NE(opened.has_value(), reached);
      if (!opened) {
        EXPECT_EQ(opened.error().what.find('\n'), std::string::npos);
      }
    }
    disk.lose(n % 3 == 0 ? FaultyDisk::Loss::nothing : FaultyDisk::Loss::unsynced);
    const HoldRequest request = request_for_test({"a@x.example"});
    {
      auto opened = Quarantine::open(folder.options(), disk);
      ASSERT_TRUE(opened) << opened.error().what;
      ASSERT_TRUE((*opened)->hold(*message_for_test(earlier_bytes), request));
      disk.fail_at(1, EIO, FaultyDisk::Fault::from_then_on);
    }
    disk.lose(FaultyDisk::Loss::unsynced);
    auto opened = Quarantine::open(folder.options(), disk);
    ASSERT_TRUE(opened) << opened.error().what;
    EXPECT_EQ(raw_bytes(**opened, request.id), earlier_bytes);
    ++n;
  }
  EXPECT_GT(n, 20U);
}

TEST(DiskFull, IsNoSpaceAndCleanMailsWorkGoesOn) {
  World world;
  world.disk.fail_at(1, ENOSPC, FaultyDisk::Fault::from_then_on);
  const auto full = world.quarantine->hold(*world.message, world.request);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::no_space) << full.error().what;
  EXPECT_FALSE(world.quarantine->record_discard(*world.message, world.request));
  EXPECT_FALSE(world.quarantine->consume_pass(world.pass, {"a@x.example"}, world.now).value())
      << "needs no disk";
  EXPECT_EQ(raw_bytes(*world.quarantine, world.earlier_request.id), earlier_bytes) << "reading needs no room";
  world.disk.fail_at(0, 0, FaultyDisk::Fault::once);
  EXPECT_TRUE(world.quarantine->hold(*world.message, world.request)) << "room again";
}

}  // namespace
}  // namespace rastel::store
