// SPDX-License-Identifier: GPL-2.0-only
#include "message/quoted_printable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::string decoded(std::string_view text) { return decode_quoted_printable(text).bytes; }

std::vector<std::string> flags(std::string_view text) {
  return codes_for_test(decode_quoted_printable(text).oddities);
}

std::vector<std::string> all_readings(std::string_view text) {
  const QuotedPrintableDecoded plain = decode_quoted_printable(text);
  std::vector<std::string> list{plain.bytes};
  for (const QuotedPrintableReading& reading : plain.others)
    list.push_back(decode_quoted_printable(text, reading));
  return list;
}

TEST(QuotedPrintable, ExampleOfRfc2045) {
  const std::string_view text = "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.";
  EXPECT_EQ(decoded(text), "Now's the time for all folk to come to the aid of their country.");
  EXPECT_THAT(flags(text), IsEmpty());
  EXPECT_THAT(decode_quoted_printable(text).others, IsEmpty());
}

TEST(QuotedPrintable, EscapesInEitherCaseAndLineBreaksAsTheyAre) {
  EXPECT_EQ(decoded("=3D=c3=A9=00\r\nb\nc"), std::string("=\xc3\xa9\0\r\nb\nc", 9));
  EXPECT_THAT(flags("=3D=c3=A9=00\r\nb\nc"), IsEmpty());
  EXPECT_EQ(decoded("a=\nb=\r\nc="), "abc");
  EXPECT_THAT(flags("a=\nb=\r\nc="), IsEmpty());
}

TEST(QuotedPrintable, TrailingWhiteSpaceIsNoneOrStays) {
  EXPECT_THAT(all_readings("a \t\r\nb  "), ElementsAre("a\r\nb", "a \t\r\nb  "));
  EXPECT_EQ(decoded("a=20\r\n"), "a \r\n");
}

TEST(QuotedPrintable, BadEscapesAreLiteralOrLoseTheirMark) {
  for (const auto& [text, other] : {std::pair{"E=ICAR", "EICAR"},
                                    {"EI=\x01"
                                     "CAR",
                                     "EI\x01"
                                     "CAR"},
                                    {"=XEICAR", "XEICAR"},
                                    {"EICAR=4", "EICAR4"},
                                    {"==45ICAR", "EICAR"}}) {
    EXPECT_THAT(all_readings(text), Contains(other)) << text;
    EXPECT_THAT(flags(text), ElementsAre("QP_BAD_ESCAPE")) << text;
  }
  EXPECT_THAT(all_readings("=0PAYLOAD"), Contains("PAYLOAD"));
  for (const std::string_view text : {"=0X=45ICAR", "=0=45ICAR", "=XX=45ICAR", "=  =45ICAR", "= =45ICAR"})
    EXPECT_THAT(all_readings(text), Contains("EICAR")) << text;
  EXPECT_EQ(decoded("E=ICAR"), "E=ICAR");
  EXPECT_EQ(decoded("==45ICAR"), "=EICAR");
}

TEST(QuotedPrintable, OddSoftBreaksAreJoinedOrNot) {
  for (const std::string_view text : {"EIC= \r\nAR", "EIC=\t\r\nAR", "EIC=\r\r\nAR", "EIC=\rAR"}) {
    EXPECT_EQ(decoded(text), "EICAR") << text;
    EXPECT_THAT(flags(text), ElementsAre("QP_ODD_SOFTBREAK")) << text;
    EXPECT_THAT(all_readings(text), Contains(testing::HasSubstr("="))) << text;
  }
}

TEST(QuotedPrintable, SoftBreakWithinAnEscape) {
  for (const std::string_view text : {"=4=\r\n5ICAR", "==\r\n45ICAR", "=4= \n5=\r\nICAR"})
    EXPECT_THAT(all_readings(text), Contains("EICAR")) << text;
  EXPECT_EQ(decoded("=4=\r\n5ICAR"), "=45ICAR");
}

TEST(QuotedPrintable, ControlsAreNoneToSome) {
  using std::string_literals::operator""s;
  for (const std::string& text : {"=45I=\n\rCAR"s, "=45I=\0\r\nCAR"s, "=45I=\x0c\r\nCAR"s,
                                  "=\0"
                                  "45ICAR"s})
    EXPECT_THAT(all_readings(text), Contains("EICAR")) << text;
  EXPECT_EQ(decoded("=45I=\n\rCAR"), "EI\rCAR");
}

}  // namespace
}  // namespace rastel::message
