// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::scan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Report report_of(const std::vector<std::string>& readings) {
  Report report;
  for (const std::string& reading : readings)
    report.parts.push_back({.path = "1", .reading = reading, .type = "message/rfc822"});
  return report;
}

TEST(Pieces, WholesThatAReportTellsOf) {
  EXPECT_THAT(wholes_in(report_of({"", "partial 1.1+2.1", "partial", "partial 1.1+2.1",
                                   "mbox partial 3.1+2.1 decoded"}),
                        3),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 1)));
  EXPECT_THAT(wholes_in(report_of({"partial 1.1+1.2"}), 3), IsEmpty()) << "of one file";
}

// A worker may say what it likes.
TEST(Pieces, HostileReportsNameNothingElse) {
  EXPECT_THAT(wholes_in(report_of({"partial 0.1+1.1", "partial 1.1+4.1", "partial -1+1", "partial a+b",
                                   "partial +1+2", "partial 99999999999999999999999+1", "partial ",
                                   "impartial 1+2", "partial ?1+2"}),
                        3),
              IsEmpty());
  std::vector<std::string> many;
  for (int i = 1; i < 200; ++i)
    for (int j = 1; j < 200; ++j) many.push_back("partial " + std::to_string(i) + '+' + std::to_string(j));
  EXPECT_LE(wholes_in(report_of(many), 200).size(), 200U);
}

TEST(Pieces, NumberIsBoundedAndOrderIsThatOfNames) {
  Pieces pieces;
  pieces.add({.path = "b", .message = nullptr});
  pieces.add({.path = "a", .number = 2, .message = nullptr, .in_mbox = true});
  pieces.add({.path = "a", .number = 1, .message = nullptr, .in_mbox = true});
  const Pieces::Taken taken = pieces.take();
  EXPECT_EQ(names_of(taken.mails), "a[1] + a[2] + b");
  EXPECT_FALSE(taken.cut);
  Pieces many;
  for (std::size_t i = 0; i <= Pieces::most_pieces; ++i) many.add({.path = "a", .message = nullptr});
  EXPECT_TRUE(many.take().cut);
}

}  // namespace
}  // namespace rastel::scan
