// SPDX-License-Identifier: GPL-2.0-only
// The streaming filters of a message's bytes: DATA both ways, line breaks.
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/smtp/data_decoder.hpp"
#include "protocol/smtp/line_breaks.hpp"

namespace rastel::smtp {
namespace {

using namespace std::string_literals;

struct Decoded {
  std::string content;
  std::string behind;
  bool ended = false;
  bool operator==(const Decoded&) const = default;
};

Decoded decoded(std::string_view bytes) {
  return rastel::for_test::in_all_pieces(bytes, [](const rastel::for_test::Pieces& pieces) {
    DataDecoder decoder;
    Decoded result;
    for (std::string_view piece : pieces) {
      if (!result.ended) result.ended = decoder.decode(piece, result.content);
      if (result.ended) result.behind += piece;
    }
    return result;
  });
}

std::string encoded(std::string_view bytes) {
  return rastel::for_test::in_all_pieces(bytes, [](const rastel::for_test::Pieces& pieces) {
    DataEncoder encoder;
    std::string out;
    for (const std::string_view piece : pieces) encoder.encode(piece, out);
    const std::size_t before = out.size();
    const bool added = encoder.finish(out);
    EXPECT_EQ(out.size() - before, added ? 5U : 3U);
    return out;
  });
}

TEST(DataStream, EncodesDotsAtLineStartsOnly) {
  EXPECT_EQ(encoded(""), ".\r\n");
  EXPECT_EQ(encoded("a"), "a\r\n.\r\n");
  EXPECT_EQ(encoded("a\r\n"), "a\r\n.\r\n");
  EXPECT_EQ(encoded("."), "..\r\n.\r\n");
  EXPECT_EQ(encoded(".a\r\n..b\r\nc.d\r\n.\r\n"), "..a\r\n...b\r\nc.d\r\n..\r\n.\r\n");
  EXPECT_EQ(encoded("a\r"), "a\r\r\n.\r\n");
  EXPECT_EQ(encoded("a\r\r\n.b"), "a\r\r\n..b\r\n.\r\n");
  // No line starts behind a bare CR or LF (they come through `as_is` alone).
  EXPECT_EQ(encoded("a\n.b\r.c"), "a\n.b\r.c\r\n.\r\n");
}

TEST(DataStream, WhatIsEncodedIsDecodedAgain) {
  // All messages of up to six of the bytes that matter.
  const std::string alphabet = ".\r\nx";
  for (std::size_t length = 0, count = 1; length <= 6; ++length, count *= alphabet.size()) {
    for (std::size_t number = 0; number < count; ++number) {
      std::string message;
      for (std::size_t i = 0, rest = number; i < length; ++i, rest /= alphabet.size())
        message += alphabet[rest % alphabet.size()];
      DataEncoder encoder;
      std::string wire;
      encoder.encode(message, wire);
      if (encoder.finish(wire)) message += "\r\n";
      std::string content;
      std::string_view bytes = wire;
      ASSERT_TRUE(DataDecoder().decode(bytes, content));
      ASSERT_EQ(content, message);
      ASSERT_TRUE(bytes.empty());
    }
  }
}

TEST(DataStream, TheEndIsFoundWhereverTheBytesAreCut) {
  const Decoded plain = decoded("a\r\n..b\r\n.\r\nNOOP\r\n");
  EXPECT_EQ(plain.content, "a\r\n.b\r\n");
  EXPECT_EQ(plain.behind, "NOOP\r\n");
  EXPECT_FALSE(decoded("a\r\n.\r").ended);
  EXPECT_FALSE(decoded("a\n.\n").ended);
  EXPECT_EQ(decoded(".\r\n.\r\n").behind, ".\r\n");
}

struct Whole {
  std::string out;
  bool found = false;
  bool operator==(const Whole&) const = default;
};

Whole line_breaks(LineBreakPolicy policy, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(bytes, [policy](const rastel::for_test::Pieces& pieces) {
    LineBreaks breaks(policy);
    Whole result;
    for (const std::string_view piece : pieces) breaks.feed(piece, result.out);
    breaks.finish(result.out);
    result.found = breaks.found();
    return result;
  });
}

TEST(LineBreaks, NormalizeLeavesNoBareCrLfOrNul) {
  const std::vector<std::pair<std::string, std::string>> rows{{"", ""},
                                                              {"a\r\nb\r\n", "a\r\nb\r\n"},
                                                              {"a\nb", "a\r\nb"},
                                                              {"a\rb", "a b"},
                                                              {"a\r\r\nb", "a \r\nb"},
                                                              {"a\n\r\nb", "a\r\n\r\nb"},
                                                              {"a\r", "a "},
                                                              {"\r\r\r", "   "},
                                                              {"\n\n", "\r\n\r\n"},
                                                              {"a\0b"s, "ab"},
                                                              {"\r\0\n"s, " \r\n"},
                                                              {"\r\n\0.\r\n"s, "\r\n.\r\n"},
                                                              {"\n\r", "\r\n "},
                                                              {"\xff\x80\r\n", "\xff\x80\r\n"}};
  for (const auto& [bytes, whole] : rows) {
    const auto result = line_breaks(LineBreakPolicy::normalize, bytes);
    EXPECT_EQ(result.out, whole) << testing::PrintToString(bytes);
    EXPECT_EQ(result.found, bytes != whole) << testing::PrintToString(bytes);
    EXPECT_EQ(line_breaks(LineBreakPolicy::normalize, whole), (Whole{whole, false})) << "not stable";
  }
}

TEST(LineBreaks, TheOtherPoliciesChangeNothing) {
  for (const LineBreakPolicy policy : {LineBreakPolicy::reject, LineBreakPolicy::as_is}) {
    for (const std::string& bytes : {"a\nb"s, "a\rb"s, "a\r"s, "a\0b"s, "\r\r\n"s, "\n\r"s})
      EXPECT_EQ(line_breaks(policy, bytes), (Whole{bytes, true}));
    EXPECT_EQ(line_breaks(policy, "a\r\nb\r\n"), (Whole{"a\r\nb\r\n", false}));
  }
}

// PROTOCOLS: after normalising and stuffing, no server can take any of them for an end of data.
TEST(LineBreaks, SmuggledEndsAreDisarmed) {
  for (const std::string& variant : {"\n.\n"s, "\n.\r\n"s, "\r\n.\n"s, "\r.\r"s, "\r.\n"s, "\n.\r"s,
                                     "\r.\r\n"s, "\r\n.\r\r\n"s, "\r\r\n.\r\r\n"s, "\r\n\0.\r\n"s}) {
    const std::string wire =
        encoded(line_breaks(LineBreakPolicy::normalize, "text" + variant + "MAIL FROM:<evil@b>\r\n").out);
    for (std::size_t at = 0; at < wire.size(); ++at) {
      if (wire[at] == '\n') {
        EXPECT_TRUE(at > 0 && wire[at - 1] == '\r');
      }
      if (wire[at] == '\r') {
        EXPECT_TRUE(at + 1 < wire.size() && wire[at + 1] == '\n');
      }
    }
    EXPECT_EQ(wire.find("\r\n.\r\n"), wire.size() - 5) << testing::PrintToString(variant);
    EXPECT_EQ(wire.find('\0'), std::string::npos);
  }
}

}  // namespace
}  // namespace rastel::smtp
