// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/header_edit.hpp"

#include <gtest/gtest.h>

#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter {
namespace {

using namespace std::string_literals;
using Kind = HeaderEdit::Kind;

std::string edited(const std::vector<HeaderEdit>& edits, LeadingSpace space = LeadingSpace::eaten) {
  std::string out;
  if (!append_edits(out, edits, space)) return out.empty() ? "refused" : "refused, but said";
  return for_test::shown_output(out);
}

std::string value(std::string_view text) { return for_test::shown(folded(text, 2).value_or("refused")); }

TEST(MilterHeaderEdit, B13EachKind) {
  EXPECT_EQ(edited({{Kind::change, 2, "Subject", "new"}}), "> m 2 Subject|new|\n");
  EXPECT_EQ(edited({{Kind::change, 0, "Subject", "new"}}), "> m 1 Subject|new|\n");
  EXPECT_EQ(edited({{Kind::remove, 1, "Subject", "ignored"}}), "> m 1 Subject||\n");
  EXPECT_EQ(edited({{Kind::insert, 0, "X-A", "v"}}), "> i 0 X-A|v|\n");
  EXPECT_EQ(edited({{Kind::append, 0, "X-A", "v"}}), "> i f4240 X-A|v|\n");
  // Postfix takes no number that is negative with one more.
  EXPECT_EQ(edited({{Kind::insert, 0x7fffffff, "X-A", "v"}}), "> i f4240 X-A|v|\n");
  EXPECT_EQ(edited({{Kind::add, 0, "X-A", ""}}), "> h X-A||\n");
  EXPECT_EQ(edited({}), "");
}

// Postfix counts anew after each removal.
TEST(MilterHeaderEdit, B11FromTheHighestIndexToTheLowestThenWhatIsNew) {
  EXPECT_EQ(edited({{Kind::insert, 0, "X-First", "v"},
                    {Kind::remove, 1, "A", ""},
                    {Kind::remove, 3, "A", ""},
                    {Kind::append, 0, "X-Last", "v"},
                    {Kind::change, 2, "B", "w"},
                    {Kind::change, 1, "B", "w"}}),
            "> m 3 A||\n> m 2 B|w|\n> m 1 A||\n> m 1 B|w|\n> i 0 X-First|v|\n> i f4240 X-Last|v|\n");
}

TEST(MilterHeaderEdit, B13FoldsWithLineFeedAndWhiteSpaceNeverWithCarriageReturn) {
  EXPECT_EQ(value("a\r\n b"), "a\\n b");
  EXPECT_EQ(value("a\n\tb"), "a\\n\tb");
  EXPECT_EQ(value("a\r b"), "a\\n b");
  EXPECT_EQ(value("a\0b"s), "a?b");
}

TEST(MilterHeaderEdit, B13AValueCantBecomeAFieldOfItsOwn) {
  EXPECT_EQ(value("a\r\nBcc: x@y"), "a\\n\tBcc: x@y");
  EXPECT_EQ(value("a\nBcc: x@y"), "a\\n\tBcc: x@y");
  EXPECT_EQ(value("a\rBcc: x@y"), "a\\n\tBcc: x@y");
  EXPECT_EQ(value("a\n\nbody"), "a\\n\t\\n\tbody");
  EXPECT_EQ(value("a\n"), "a\\n\t");
  for (const std::string& name : {""s, "A:"s, "A B"s, "A\n"s, "A\0"s, "\xc3\xa4"s, std::string(300, 'x')})
    EXPECT_EQ(edited({{Kind::append, 0, "X-Good", "v"}, {Kind::append, 0, name, "v"}}), "refused") << name;
}

TEST(MilterHeaderEdit, B13LongLinesAreFolded) {
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word" + std::to_string(i) + ' ';
  const auto text = folded(words, 20);
  ASSERT_TRUE(text);
  std::size_t at = 0, lines = 0;
  while (at < text->size()) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    EXPECT_LE(end - at + (lines == 0 ? 20 : 0), 997U);
    ++lines;
    at = end + 1;
  }
  EXPECT_GT(lines, 7U);
  std::string unfolded = *text;
  std::erase(unfolded, '\n');
  EXPECT_EQ(unfolded, words);
  EXPECT_TRUE(folded(std::string(995, 'x'), 2));
  EXPECT_FALSE(folded(std::string(996, 'x'), 2));
  EXPECT_FALSE(folded(" " + std::string(1000, 'x'), 2));  // no line of white space alone
  EXPECT_EQ(edited({{Kind::append, 0, "X", std::string(2000, 'x')}}), "refused");
}

TEST(MilterHeaderEdit, B13AnEmptyValueIsARemovalSoItCantBeAChange) {
  EXPECT_EQ(edited({{Kind::change, 1, "Subject", ""}}), "refused");
}

TEST(MilterHeaderEdit, B13NoPacketIsLongerThanSendmailTakes) {
  std::string value;
  while (value.size() < 65000) value += "word word ";
  EXPECT_NE(edited({{Kind::append, 0, "X", value}}), "refused");
  while (value.size() < 65600) value += "word word ";
  EXPECT_EQ(edited({{Kind::append, 0, "X", value}}), "refused");
}

// With HDR_LEADSPC the mail server puts no space behind the colon.
TEST(MilterHeaderEdit, B09LeadingSpaceIsOursToWriteWhereItIsKept) {
  EXPECT_EQ(edited({{Kind::append, 0, "X", "v"}}, LeadingSpace::kept), "> i f4240 X| v|\n");
  EXPECT_EQ(edited({{Kind::append, 0, "X", " v"}}, LeadingSpace::kept), "> i f4240 X| v|\n");
  EXPECT_EQ(edited({{Kind::append, 0, "X", "\tv"}}, LeadingSpace::kept), "> i f4240 X|\tv|\n");
  EXPECT_EQ(edited({{Kind::add, 0, "X", ""}}, LeadingSpace::kept), "> h X| |\n");
  EXPECT_EQ(edited({{Kind::remove, 1, "X", ""}}, LeadingSpace::kept), "> m 1 X||\n");
}

}  // namespace
}  // namespace rastel::milter
