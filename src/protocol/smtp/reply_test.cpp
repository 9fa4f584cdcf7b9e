// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel::smtp {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using namespace std::string_literals;

// All replies of a stream, then "error" or what is unfinished.
std::string parsed(std::string_view bytes) {
  return rastel::for_test::in_all_pieces(bytes, [](const rastel::for_test::Pieces& pieces) {
    ReplyParser parser;
    std::string log;
    for (std::string_view piece : pieces) {
      for (;;) {
        auto reply = parser.parse(piece);
        if (!reply) return log + "error";
        if (!*reply) break;
        log += (*reply)->one_line() + "\n";
      }
    }
    return log + (parser.idle() ? "" : "unfinished");
  });
}

TEST(Reply, ParsesLinesOfOneReply) {
  EXPECT_EQ(parsed("250 ok\r\n"), "250 ok\n");
  EXPECT_EQ(parsed("250-first line\r\n250-second line\r\n250-234 text beginning with numbers\r\n250 the last "
                   "line\r\n"),  // RFC 959 4.2
            "250 first line / second line / 234 text beginning with numbers / the last line\n");
  EXPECT_EQ(parsed("220 a\r\n250-queued\r\n250 ok\r\n221 bye\r\n"), "220 a\n250 queued / ok\n221 bye\n");
  EXPECT_EQ(parsed("250\r\n250-\r\n250 \r\n"), "250 \n250  / \n");
  EXPECT_EQ(parsed("250-a\n250 b\n"), "250 a / b\n");
  EXPECT_EQ(parsed("250-a\r\n250"), "unfinished");
  EXPECT_EQ(parsed(""), "");
}

TEST(Reply, RefusesWhatIsNoReply) {
  for (const std::string& bytes :
       {"\r\n"s, "25\r\n"s, "ok\r\n"s, "2500 ok\r\n"s, "250ok\r\n"s, "250_ok\r\n"s, "099 x\r\n"s,
        "150 x\r\n"s, "600 x\r\n"s, " 250 x\r\n"s, "25x ok\r\n"s, "SSH-2.0-OpenSSH\r\n"s, "\0\0\0\r\n"s,
        "250-a\r\n251 b\r\n"s, "250-a\r\nb\r\n"s})
    EXPECT_EQ(parsed(bytes), "error") << bytes;
  EXPECT_EQ(parsed("220 fine\r\nnonsense\r\n250 ok\r\n"), "220 fine\nerror");
}

TEST(Reply, StaysBrokenBehindNonsense) {
  ReplyParser parser;
  std::string_view bytes = "nonsense\r\n250 ok\r\n";
  const auto first = parser.parse(bytes);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, ErrorKind::peer);
  EXPECT_FALSE(parser.parse(bytes));
}

TEST(Reply, IsBounded) {
  std::string lines;
  for (std::size_t i = 0; i + 1 < ReplyParser::most_lines; ++i) lines += "250-x\r\n";
  EXPECT_THAT(parsed(lines + "250 x\r\n"), EndsWith("/ x\n"));
  EXPECT_EQ(parsed(lines + "250-x\r\n250 x\r\n"), "error");
  const std::string longest = "250 " + std::string(ReplyParser::most_bytes - 6, 'x') + "\r\n";
  EXPECT_EQ(parsed(longest).size(), 4U + 506 + 1);
  EXPECT_EQ(parsed("250-x\r\n" + longest), "error");
  EXPECT_EQ(parsed(std::string(ReplyParser::most_bytes + 1, '2')), "error");
  // The bound is one reply's, not the stream's.
  EXPECT_THAT(parsed(longest + longest), HasSubstr("x\n250 x"));
}

TEST(Reply, IsFormattedInLinesOf512) {
  EXPECT_EQ(format({250, "ok"}), "250 ok\r\n");
  EXPECT_EQ(format({354, ""}), "354 \r\n");
  Reply several(250, "a");
  several.lines = {"a", "", "c"};
  EXPECT_EQ(format(several), "250-a\r\n250-\r\n250 c\r\n");
  const std::string line = format({554, std::string(600, 'x')});
  EXPECT_EQ(line.size(), 512U);
  EXPECT_THAT(line, EndsWith("x\r\n"));
  // Never half a character.
  for (std::size_t before = 503; before <= 506; ++before) {
    std::string text(before, 'x');
    for (int i = 0; i < 10; ++i) text += "\xe2\x82\xac";
    const std::string cut = format({554, text});
    EXPECT_LE(cut.size(), 512U);
    EXPECT_EQ((cut.size() - 6 - before) % 3, 0U) << before;
  }
}

TEST(Reply, ATextCannotAddALine) {
  const std::string text = format({554, "found Eicar\r\n250 ok\0\x7f\t"s});
  EXPECT_EQ(text, "554 found Eicar??250 ok???\r\n");
  EXPECT_EQ(Reply(554, "a\nb").one_line(), "554 a?b");
}

TEST(Reply, SaysItsCodes) {
  EXPECT_EQ(Reply(554, "5.7.1 no").brief(), "554 5.7.1");
  EXPECT_EQ(Reply(250, "2.0.0").brief(), "250 2.0.0");
  EXPECT_EQ(Reply(250, "ok").brief(), "250");
  EXPECT_EQ(Reply(250, "2.0 x").brief(), "250");
  EXPECT_EQ(Reply(250, "2.0.0x").brief(), "250");
  EXPECT_EQ(Reply(250, "").brief(), "250");
  EXPECT_TRUE(Reply(250, "").positive());
  EXPECT_FALSE(Reply(354, "").positive());
  EXPECT_TRUE(Reply(421, "").transient());
  EXPECT_TRUE(Reply(554, "").permanent());
}

TEST(Reply, WhatIsFormattedIsParsedAgain) {
  Reply reply(451, "4.3.0 a");
  reply.lines = {"4.3.0 a", "", "caf\xc3\xa9"};
  const std::string text = format(reply);
  std::string_view bytes = text;
  ReplyParser parser;
  const auto again = parser.parse(bytes);
  ASSERT_TRUE(again && *again);
  EXPECT_EQ(**again, reply);
}

}  // namespace
}  // namespace rastel::smtp
