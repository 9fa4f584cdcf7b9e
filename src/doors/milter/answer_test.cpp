// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::doors::milter {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

class Fit : public testing::Test {
 protected:
  static MessagePointer message_of(std::string_view text) {
    auto message = message_from_bytes(text, testing::TempDir());
    EXPECT_TRUE(message);
    return message.value_or(nullptr);
  }
  // Recipients 0 and 1 get `version`, 2 is held.
  inspect::Outcome outcome_of(MessagePointer version, bool stripped = false) const {
    inspect::Outcome outcome;
    const Action done = stripped ? Action::strip : Action::tag;
    for (std::size_t i = 0; i < 3; ++i) {
      Disposition disposition;
      disposition.recipient = i;
      disposition.done = i < 2 ? done : Action::quarantine;
      outcome.verdict.dispositions.push_back(disposition);
    }
    inspect::Version one;
    one.message = std::move(version);
    one.recipients = {0, 1};
    if (stripped) one.removed.push_back({0, MessageClass::infected, "V"});
    outcome.versions.push_back(one);
    return outcome;
  }
  static std::vector<Action> done(const inspect::Outcome& outcome) {
    std::vector<Action> all;
    for (const Disposition& each : outcome.verdict.dispositions) all.push_back(each.done);
    return all;
  }

  const MessagePointer original_ = message_of("Subject: x\r\n\r\noriginal");
  const MessagePointer edited_ = message_of("Subject: x\r\n\r\nedited");
};

TEST_F(Fit, WithAllRightsNothingIsHeldBesides) {
  inspect::Outcome outcome = outcome_of(edited_, true);
  fit(outcome, {}, original_);
  EXPECT_EQ(outcome.versions.size(), 1U);
  EXPECT_EQ(outcome.note, "");
}

TEST_F(Fit, WhatCantBeStrippedIsHeldForAll) {
  for (auto right : {&Rights::add_headers, &Rights::change_headers, &Rights::change_body}) {
    Rights rights;
    rights.*right = false;
    inspect::Outcome outcome = outcome_of(edited_, true);
    fit(outcome, rights, original_);
    EXPECT_THAT(outcome.versions, IsEmpty());
    EXPECT_THAT(done(outcome), Each(Action::quarantine));
    EXPECT_THAT(outcome.note, HasSubstr("edit"));
  }
}

TEST_F(Fit, WhatCantBeMarkedGoesOnWhole) {
  Rights rights;
  rights.change_body = false;
  inspect::Outcome outcome = outcome_of(edited_);
  fit(outcome, rights, original_);
  ASSERT_EQ(outcome.versions.size(), 1U);
  EXPECT_EQ(outcome.versions[0].message, original_);
  EXPECT_THAT(outcome.note, HasSubstr("not marked"));
}

TEST_F(Fit, WhoCantBeTakenFromTheRecipientsHasAllHeld) {
  Rights rights;
  rights.remove_recipients = false;
  inspect::Outcome outcome = outcome_of(original_);
  fit(outcome, rights, original_);
  EXPECT_THAT(outcome.versions, IsEmpty());
  EXPECT_THAT(done(outcome), Each(Action::quarantine));
}

TEST_F(Fit, WithoutAnybodyLeftOutThatRightIsNotNeeded) {
  Rights rights;
  rights.remove_recipients = false;
  inspect::Outcome outcome = outcome_of(original_);
  outcome.verdict.dispositions.pop_back();
  fit(outcome, rights, original_);
  EXPECT_EQ(outcome.versions.size(), 1U);
}

}  // namespace
}  // namespace rastel::doors::milter
