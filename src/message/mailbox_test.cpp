// SPDX-License-Identifier: GPL-2.0-only
#include "message/mailbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> messages(const std::string& bytes) {
  std::vector<std::string> list;
  const Mailbox box = split_mailbox(bytes);
  for (const ByteRange& one : box.messages) list.push_back(bytes.substr(one.begin, one.size()));
  return list;
}

TEST(Mbox, MessagesBehindEachOther) {
  const std::string one = "From a@example.org Thu Jan  1 00:00:00 1970\nSubject: one\n\nhi\n\n";
  const std::string two = "From b@example.org Thu Jan  1 00:00:00 1970\r\nSubject: two\r\n\r\nhi\r\n";
  EXPECT_THAT(messages(one + two), ElementsAre(one, two));
  EXPECT_THAT(messages(one + two + one), ElementsAre(one, two, one));
  EXPECT_THAT(messages("From x\nA: b\nFrom y\nC: d"), ElementsAre("From x\nA: b\n", "From y\nC: d"));
}

TEST(Mbox, WhatIsNone) {
  const std::string one = "From a@example.org Thu Jan  1 00:00:00 1970\nSubject: one\n\nhi\n\n";
  EXPECT_THAT(messages(one), IsEmpty());
  EXPECT_THAT(messages(one + "From here on: no field\n\nhi"), IsEmpty());
  EXPECT_THAT(messages("Subject: t\n\n" + one + one), IsEmpty());
  EXPECT_THAT(messages("From now on\n\nFrom then on\n"), IsEmpty());
  EXPECT_THAT(messages("From "), IsEmpty());
}

TEST(Mbox, NumberIsBounded) {
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "From x\nA: b\n\n";
  const Mailbox box = split_mailbox(many);
  EXPECT_EQ(box.messages.size(), Mailbox::most_messages);
  EXPECT_TRUE(box.cut);
  EXPECT_EQ(box.messages.back().end, many.size());
}

}  // namespace
}  // namespace rastel::message
