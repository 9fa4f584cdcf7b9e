// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/message_rebuilder.hpp"

#include <gtest/gtest.h>

namespace rastel::milter {
namespace {

using namespace std::string_literals;

TEST(MilterMessageRebuilder, B09HeaderEmptyLineAndBody) {
  MessageRebuilder rebuilder(LeadingSpace::eaten);
  std::string message;
  rebuilder.header("Subject", "one\n two\n\tthree", message);
  rebuilder.header("X-Empty", "", message);
  rebuilder.end_of_headers(message);
  rebuilder.body("a\r", message);
  rebuilder.body("\nb\0\n"s, message);
  rebuilder.finish(message);
  EXPECT_EQ(message, "Subject: one\r\n two\r\n\tthree\r\nX-Empty: \r\n\r\na\r\nb\0\n"s);
}

TEST(MilterMessageRebuilder, B09LeadingSpaceIsPartOfTheValueWhereItIsKept) {
  MessageRebuilder rebuilder(LeadingSpace::kept);
  std::string message;
  rebuilder.header("A", " one", message);
  rebuilder.header("B", "two", message);
  rebuilder.header("C", "\tthree", message);
  rebuilder.header("D", "  four", message);
  rebuilder.finish(message);
  EXPECT_EQ(message, "A: one\r\nB:two\r\nC:\tthree\r\nD:  four\r\n\r\n");
}

TEST(MilterMessageRebuilder, B09NoCarriageReturnIsDoubled) {
  MessageRebuilder rebuilder(LeadingSpace::kept);
  std::string message;
  rebuilder.header("A", "one\r\n two\r three", message);
  EXPECT_EQ(message, "A:one\r\n two\r three\r\n");
}

// step::no_end_of_headers, or nothing behind the header.
TEST(MilterMessageRebuilder, B09TheEmptyLineComesOnceWhateverIsSaid) {
  for (const int said : {0, 1, 2}) {
    MessageRebuilder rebuilder(LeadingSpace::eaten);
    std::string message;
    rebuilder.header("A", "b", message);
    for (int i = 0; i < said; ++i) rebuilder.end_of_headers(message);
    rebuilder.body("", message);
    rebuilder.body("text", message);
    rebuilder.finish(message);
    EXPECT_EQ(message, "A: b\r\n\r\ntext") << said;
  }
}

}  // namespace
}  // namespace rastel::milter
