// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/packet.hpp"

#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using for_test::packet;

constexpr PacketLimits small{.body = 20, .other = 10};

// All packets in a line each, and what became of the rest.
std::string cut(std::string_view bytes) {
  return rastel::for_test::in_all_pieces(bytes, [](const rastel::for_test::Pieces& pieces) {
    PacketDecoder decoder;
    std::string log;
    for (const std::string_view piece : pieces) {
      decoder.receive(piece);
      while (true) {
        const auto packet = decoder.peek(small);
        if (!packet) return log + "broken";
        if (!*packet) break;
        log += for_test::shown(**packet);
        decoder.take();
      }
    }
    return log + (decoder.empty() ? "" : "more");
  });
}

TEST(MilterPacket, B36IsCutOutOfAStream) {
  EXPECT_EQ(cut(packet('C', "abc") + packet('N') + packet('B', "\r\n")), "> C abc\n> N\n> B \\r\\n\n");
  EXPECT_EQ(cut(packet('N') + packet('C', "abc").substr(0, 7)), "> N\nmore");
  EXPECT_EQ(cut("\0\0\0"s), "more");
  EXPECT_EQ(cut("\0\0\0\1"s), "more");
}

TEST(MilterPacket, B36ALengthIsJudgedBeforeAnythingIsKept) {
  EXPECT_EQ(cut("\0\0\0\0"s), "broken");  // not even a command
  EXPECT_EQ(cut("\xff\xff\xff\xff"s), "broken");
  EXPECT_EQ(cut("\0\0\0\x16"s), "broken");
  EXPECT_EQ(cut(packet('L', std::string(10, 'x'))), "> L xxxxxxxxxx\n");
  EXPECT_EQ(cut("\0\0\0\x0cL"s), "broken");
  EXPECT_EQ(cut(packet('B', std::string(20, 'x'))), "> B xxxxxxxxxxxxxxxxxxxx\n");
  EXPECT_EQ(cut("\0\0\0\x16"
                "E"s),
            "broken");
}

TEST(MilterPacket, B36FieldsEndWithTheData) {
  FieldReader texts("ab\0c"sv);
  EXPECT_EQ(texts.text(), "ab");
  EXPECT_EQ(texts.text(), std::nullopt);
  EXPECT_FALSE(texts.at_end());
  FieldReader numbers("\x01\x02\x03\x04\x05\x06\x07"sv);
  EXPECT_EQ(numbers.uint32(), 0x01020304U);
  EXPECT_EQ(numbers.uint32(), std::nullopt);
  EXPECT_EQ(numbers.uint16(), 0x0506U);
  EXPECT_EQ(numbers.uint16(), std::nullopt);
  EXPECT_EQ(numbers.octet(), '\x07');
  EXPECT_EQ(numbers.octet(), std::nullopt);
  EXPECT_EQ(FieldReader("").text(), std::nullopt);
}

TEST(MilterPacket, ALargeOneLeavesNothingBehind) {
  PacketDecoder decoder;
  decoder.receive(packet('B', std::string(100000, 'x')) + "\0"s);
  ASSERT_TRUE(decoder.peek({.body = 100000, .other = 10})->has_value());
  decoder.take();
  decoder.release_buffers();
  EXPECT_LT(decoder.held(), 100U);
  decoder.receive(packet('N').substr(1));
  EXPECT_EQ((*decoder.peek(small))->command, 'N');
}

}  // namespace
}  // namespace rastel::milter
