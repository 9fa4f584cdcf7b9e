// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/changes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::doors::milter {
namespace {

using rastel::milter::HeaderEdit;
using rastel::milter::LeadingSpace;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view trace = "Received: from us\r\n\tby us; now\r\n";

std::vector<std::string> said(std::string_view before, std::string_view after,
                              LeadingSpace space = LeadingSpace::eaten) {
  std::vector<std::string> all;
  const auto edits = header_changes(std::string(trace) + std::string(before),
                                    std::string(trace) + std::string(after), space);
  for (const HeaderEdit& edit : edits) {
    const std::string at = edit.name + "[" + std::to_string(edit.index) + "]";
    if (edit.kind == HeaderEdit::Kind::remove) all.push_back("remove " + at);
    if (edit.kind == HeaderEdit::Kind::change) all.push_back("change " + at + " '" + edit.value + "'");
    if (edit.kind == HeaderEdit::Kind::append) all.push_back("append " + edit.name + " '" + edit.value + "'");
  }
  return all;
}

TEST(HeaderChanges, NothingWhereNothingChanged) {
  EXPECT_THAT(said("Subject: x\r\nTo: y\r\n\r\n", "Subject: x\r\nTo: y\r\n\r\n"), IsEmpty());
}

TEST(HeaderChanges, AChangedValueIsCountedByItsNameAlone) {
  EXPECT_THAT(said("Received: a\r\nSubject: x\r\nsubject: y\r\nTo: z\r\n\r\n",
                   "Received: a\r\nSubject: x\r\nsubject: [spam] y\r\nTo: z\r\n\r\n"),
              ElementsAre("change subject[2] '[spam] y'"));
}

TEST(HeaderChanges, TheMailServersOwnTraceIsNotCounted) {
  EXPECT_THAT(said("Received: a\r\nTo: z\r\n\r\n", "To: z\r\n\r\n"), ElementsAre("remove Received[1]"));
}

TEST(HeaderChanges, RemovedAndNewFields) {
  EXPECT_THAT(
      said(
          "Content-Type: multipart/mixed;\r\n boundary=x\r\nTo: y\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
          "MIME-Version: 1.0\r\nTo: y\r\nContent-Type: text/plain\r\n\r\n"),
      ElementsAre("remove Content-Type[1]", "append MIME-Version '1.0'",
                  "remove Content-Transfer-Encoding[1]", "append Content-Type 'text/plain'"));
}

TEST(HeaderChanges, TheSpaceBehindTheColonGoesWhereItIsKept) {
  EXPECT_THAT(said("Subject:x\r\n\r\n", "Subject: y\r\n\r\n", LeadingSpace::kept),
              ElementsAre("change Subject[1] ' y'"));
  EXPECT_THAT(said("Subject:  x\r\n\r\n", "Subject:  y\r\n\r\n", LeadingSpace::eaten),
              ElementsAre("change Subject[1] ' y'"));
}

TEST(HeaderChanges, TwoFieldsAlike) {
  EXPECT_THAT(said("X: 1\r\nX: 1\r\nX: 2\r\n\r\n", "X: 1\r\nX: 2\r\n\r\n"),
              ElementsAre("change X[2] '2'", "remove X[3]"));
}

class Between : public testing::Test {
 protected:
  static MessagePointer message_of(std::string_view text) {
    auto message = message_from_bytes(text, testing::TempDir());
    EXPECT_TRUE(message);
    return message.value_or(nullptr);
  }
  static Result<Changes> between(const std::string& before, const std::string& after) {
    return changes_between(*message_of(std::string(trace) + before), *message_of(std::string(trace) + after),
                           LeadingSpace::eaten);
  }
};

TEST_F(Between, ABodyThatStaysIsNotSentAgain) {
  const std::string body(300'000, 'b');
  const auto changes = between("Subject: x\r\n\r\n" + body, "Subject: [!] x\r\n\r\n" + body);
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->headers.size(), 1U);
  EXPECT_FALSE(changes->body);
}

TEST_F(Between, ANewBodyIsSaidByItsPlace) {
  const auto changes = between("To: x\r\n\r\nold", "To: x\r\n\r\nnew");
  ASSERT_TRUE(changes);
  EXPECT_THAT(changes->headers, IsEmpty());
  EXPECT_EQ(changes->body, trace.size() + 9);
}

TEST_F(Between, AHeaderLongerThanABlock) {
  const std::string many(200'000, 'h');
  const auto changes = between("A: " + many + "\r\nTo: x\r\n\r\nold", "A: " + many + "\r\nTo: y\r\n\r\nold");
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->headers.size(), 1U);
  EXPECT_FALSE(changes->body);
}

}  // namespace
}  // namespace rastel::doors::milter
