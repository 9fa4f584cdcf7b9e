// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/frame.hpp"

#include <string>

#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel::pipe {
namespace {

using namespace std::string_view_literals;

std::string frame(FrameKind kind, std::string_view body) {
  std::string out;
  append_frame(out, kind, body);
  return out;
}

// What a reader makes of it: the body behind "=", or the fault.
std::string read(std::string_view bytes, FrameKind due = FrameKind::request) {
  return for_test::in_all_pieces(bytes, [due](const for_test::Pieces& pieces) {
    FrameReader reader(due);
    for (const std::string_view piece : pieces) {
      reader.receive(piece);
      const auto body = reader.next();
      if (!body) return std::string(to_string(body.error()));
      if (*body) return "=" + **body;
    }
    return std::string("more");
  });
}

TEST(PipeFrame, IsWhatTheDocumentSays) {
  EXPECT_EQ(frame(FrameKind::request, "abc"), "RP\1Q\0\0\0\3abc"sv);
  EXPECT_EQ(read("RP\1Q\0\0\0\3abc"sv), "=abc");
  EXPECT_EQ(read("RP\1A\0\0\0\0"sv, FrameKind::answer), "=");
}

TEST(PipeFrame, ThatIsntWholeIsWaitedFor) {
  const std::string whole = frame(FrameKind::request, "abc");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_EQ(read(whole.substr(0, length)), "more");
}

TEST(PipeFrame, OfSomethingElseIsAFault) {
  EXPECT_EQ(read("EHLO x\r\n"), "another protocol");
  EXPECT_EQ(read("R\n"), "another protocol");
  EXPECT_EQ(read("RP\2Q\0\0\0\3abc"sv), "another version of the protocol");
  EXPECT_EQ(read("RP\1A\0\0\0\3abc"sv), "something that isn't due");
  EXPECT_EQ(read("RP\1Q\0\x10\0\1"sv), "a frame that is too long");
  EXPECT_EQ(read("RP\1Q\xff\xff\xff\xff"sv), "a frame that is too long");
  EXPECT_EQ(read("RP\1R\0\0\0\x41"sv, FrameKind::result), "a frame that is too long");
}

TEST(PipeFrame, HasNothingBehindIt) {
  FrameReader reader(FrameKind::request);
  reader.receive("RP\1Q\0\0\0\1ax"sv);
  EXPECT_EQ(reader.next().error(), Fault::unexpected);
}

TEST(PipeFrame, OfTheLongestLengthIsRead) {
  const std::string body(longest_body(FrameKind::answer), 'x');
  FrameReader reader(FrameKind::answer);
  reader.receive(frame(FrameKind::answer, body));
  EXPECT_EQ(reader.next().value().value(), body);
  EXPECT_TRUE(reader.empty());
}

}  // namespace
}  // namespace rastel::pipe
