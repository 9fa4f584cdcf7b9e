// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/line_ends.hpp"

#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel::pipe {
namespace {

std::string crlf(std::string_view bytes) {
  return for_test::in_all_pieces(bytes, [](const for_test::Pieces& pieces) {
    ToCrlf lines;
    std::string out;
    for (const std::string_view piece : pieces) lines.feed(piece, out);
    return out;
  });
}

std::string lf(std::string_view bytes) {
  return for_test::in_all_pieces(bytes, [](const for_test::Pieces& pieces) {
    ToLf lines;
    std::string out;
    for (const std::string_view piece : pieces) lines.feed(piece, out);
    lines.finish(out);
    return out;
  });
}

TEST(PipeLineEnds, BecomeThoseOfTheWire) {
  EXPECT_EQ(crlf("a\nb\n\nc"), "a\r\nb\r\n\r\nc");
  EXPECT_EQ(crlf("\n"), "\r\n");
  EXPECT_EQ(crlf("a\r\nb\n"), "a\r\nb\r\n");  // what stands so already is the sender's
  EXPECT_EQ(crlf("a\r\r\n\rb\r"), "a\r\r\n\rb\r");
  EXPECT_EQ(crlf("\n\n\r\n\n"), "\r\n\r\n\r\n\r\n");
}

TEST(PipeLineEnds, BecomeThoseOfTheSystem) {
  EXPECT_EQ(lf("a\r\nb\r\n\r\nc"), "a\nb\n\nc");
  EXPECT_EQ(lf("a\rb\r\r\nc\r"), "a\rb\r\nc\r");
  EXPECT_EQ(lf("\r\r\r"), "\r\r\r");
  for (const char* message : {"", "a", "a\n", "\n\na\n", "a\rb\n", "\r", "a\n\r"})
    EXPECT_EQ(lf(crlf(message)), message);
}

TEST(PipeLineEnds, AreThoseOfTheFirstLine) {
  EXPECT_TRUE(ends_lines_with_crlf("a\r\nb\n"));
  EXPECT_TRUE(ends_lines_with_crlf("\r\n"));
  for (const char* message : {"", "\n", "a", "a\n", "a\nb\r\n", "a\r"})
    EXPECT_FALSE(ends_lines_with_crlf(message));
}

}  // namespace
}  // namespace rastel::pipe
