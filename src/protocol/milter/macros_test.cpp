// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/macros.hpp"

#include <gtest/gtest.h>

#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter {
namespace {

using for_test::texts;

TEST(MilterMacros, B06AreKeptPerStageWithoutTheirBraces) {
  Macros macros;
  EXPECT_TRUE(macros.receive("C" + texts({"j", "mx.example", "{client_addr}", "192.0.2.4", "_", "x [y]"})));
  EXPECT_TRUE(macros.receive("M" + texts({"i", "4AB", "{mail_addr}", "a@b", "{auth_authen}", ""})));
  EXPECT_EQ(macros.find("j"), "mx.example");
  EXPECT_EQ(macros.find("client_addr"), "192.0.2.4");
  EXPECT_EQ(macros.find("{client_addr}"), "192.0.2.4");
  EXPECT_EQ(macros.find("auth_authen"), "");
  EXPECT_EQ(macros.find("tls_version"), std::nullopt);
  EXPECT_EQ(macros.find(Stage::mail, "j"), std::nullopt);
  EXPECT_EQ(macros.find(Stage::mail, "{i}"), "4AB");
}

TEST(MilterMacros, B06TheLatestStageCounts) {
  Macros macros;
  EXPECT_TRUE(macros.receive("M" + texts({"i", "early"})));
  EXPECT_TRUE(macros.receive("E" + texts({"i", "late"})));
  EXPECT_TRUE(macros.receive("N" + texts({"i", "middle"})));
  EXPECT_EQ(macros.find("i"), "late");
  EXPECT_TRUE(macros.receive("E"));  // none any more
  EXPECT_EQ(macros.find("i"), "middle");
}

TEST(MilterMacros, B06AbortKeepsWhatIsTheConnections) {
  Macros macros;
  for (const char stage : {'C', 'H', 'M', 'R', 'T', 'N', 'E', 'U'})
    EXPECT_TRUE(macros.receive(stage + texts({std::string("of_") + stage, "x"})));
  macros.forget_message();
  EXPECT_TRUE(macros.find("of_C"));
  EXPECT_TRUE(macros.find("of_H"));
  for (const char stage : {'M', 'R', 'T', 'N', 'E', 'U'})
    EXPECT_FALSE(macros.find(std::string("of_") + stage)) << stage;
}

// A recipient without macros must not look refused because the one before was.
TEST(MilterMacros, B33OfAnEarlierCommandSayNothingOfThisOne) {
  Macros macros;
  EXPECT_TRUE(macros.receive("R" + texts({"{rcpt_mailer}", "error"})));
  macros.begin(Stage::rcpt);
  EXPECT_EQ(macros.find("rcpt_mailer"), "error");
  macros.begin(Stage::rcpt);
  EXPECT_EQ(macros.find("rcpt_mailer"), std::nullopt);
}

TEST(MilterMacros, B07OfCommandsThatAreNotKnownHereAreLeftOut) {
  Macros macros;
  EXPECT_TRUE(macros.receive("L" + texts({"i", "x"})));
  EXPECT_TRUE(macros.receive("?" + texts({"i", "x"})));
  EXPECT_EQ(macros.find("i"), std::nullopt);
}

TEST(MilterMacros, B36WhatCantBeReadIsRefused) {
  Macros macros;
  EXPECT_FALSE(macros.receive(""));
  EXPECT_FALSE(macros.receive("Ci"));
  EXPECT_FALSE(macros.receive("C" + texts({"i"})));
  EXPECT_FALSE(macros.receive("C" + texts({"i", "x"}) + "j"));
  std::string many = "C";
  for (std::size_t i = 0; i < Macros::most_macros; ++i) many += texts({"i", "x"});
  EXPECT_TRUE(macros.receive(many));
  EXPECT_FALSE(macros.receive(many + texts({"i", "x"})));
  EXPECT_TRUE(macros.receive("C" + texts({"i", std::string(Macros::most_octets - 4, 'x')})));
  EXPECT_FALSE(macros.receive("C" + texts({"i", std::string(Macros::most_octets - 3, 'x')})));
}

}  // namespace
}  // namespace rastel::milter
