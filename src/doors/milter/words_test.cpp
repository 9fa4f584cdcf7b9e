// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::doors::milter {
namespace {

using testing::ElementsAre;

TEST(Words, AReplyWithAnEnhancedCode) {
  const auto code = reply_code_of({554, "5.7.1 Message refused: infected (V), id 1"});
  EXPECT_EQ(code.code, 554);
  EXPECT_EQ(code.enhanced, "5.7.1");
  EXPECT_THAT(code.lines, ElementsAre("Message refused: infected (V), id 1"));
  const auto packet = rastel::milter::format(code);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->c_str(), std::string("554 5.7.1 Message refused: infected (V), id 1"));
}

TEST(Words, AReplyWithoutOne) {
  EXPECT_EQ(reply_code_of({451, "try later"}).enhanced, "");
  EXPECT_THAT(reply_code_of({451, "try later"}).lines, ElementsAre("try later"));
  EXPECT_THAT(reply_code_of({451, "4.3.0"}).lines, ElementsAre(""));
}

TEST(Words, WhatIsMissing) {
  EXPECT_EQ(names_of(rastel::milter::action::change_body | rastel::milter::action::remove_recipients),
            "change the body, remove recipients");
  EXPECT_EQ(names_of(0), "");
}

}  // namespace
}  // namespace rastel::doors::milter
