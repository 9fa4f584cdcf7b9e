// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/reply_code.hpp"

#include <gtest/gtest.h>

namespace rastel::milter {
namespace {

using namespace std::string_literals;

TEST(MilterReplyCode, B10OneLineAndSeveral) {
  EXPECT_EQ(format({554, "5.7.1", {"infected"}}), "554 5.7.1 infected\0"s);
  EXPECT_EQ(format({451, "", {"one", "two", "three"}}),
            "451-4.0.0 one\r\n451-4.0.0 two\r\n451 4.0.0 three\0"s);
  EXPECT_EQ(format({550, "5.1.12", {""}}), "550 5.1.12 \0"s);
}

// Postfix counts all of these as a misconfigured filter.
TEST(MilterReplyCode, B10WhatPostfixRefusesIsNotSaid) {
  EXPECT_EQ(format({250, "2.0.0", {"ok"}}), std::nullopt);
  EXPECT_EQ(format({399, "", {"x"}}), std::nullopt);
  EXPECT_EQ(format({600, "", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "4.7.1", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "5.7", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "5.7.", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "5..1", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "5.7.1234", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "5.7.1 x", {"x"}}), std::nullopt);
  EXPECT_EQ(format({554, "5.7.1", {}}), std::nullopt);
  EXPECT_EQ(format({554, "5.7.1", std::vector<std::string>(33, "x")}), std::nullopt);
  EXPECT_TRUE(format({554, "5.7.1", std::vector<std::string>(32, "x")}));
}

// Sendmail takes the text for a format string.
TEST(MilterReplyCode, B10EveryPercentIsDoubled) {
  EXPECT_EQ(format({554, "5.7.1", {"100% %s%%"}}), "554 5.7.1 100%% %%s%%%%\0"s);
}

TEST(MilterReplyCode, B10AnEnginesTextCantAddALine) {
  EXPECT_EQ(format({554, "5.7.1", {"a\r\n250 b\0c\td\xc3\xa4"s}}), "554 5.7.1 a??250 b?c?d??\0"s);
}

TEST(MilterReplyCode, B10LinesAreCut) {
  const auto text = format({554, "5.7.1", {std::string(2000, 'x')}});
  EXPECT_EQ(text->size(), ReplyCode::longest_line + 1);
  // Not between the two of a doubled one.
  const auto percents = format({554, "5.7.1", {"x" + std::string(2000, '%')}});
  EXPECT_EQ(percents->size(), ReplyCode::longest_line);
  EXPECT_EQ(percents->substr(10, 4), "x%%%");
}

}  // namespace
}  // namespace rastel::milter
