// SPDX-License-Identifier: GPL-2.0-only
#include "message/base64.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/base64_quanta.hpp"
#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::string decoded(std::string_view text) { return decode_base64(text).bytes; }

std::vector<std::string> flags(std::string_view text) { return codes_for_test(decode_base64(text).oddities); }

// What any reading makes of it.
std::vector<std::string> all_readings(std::string_view text) {
  const Base64Decoded plain = decode_base64(text);
  std::vector<std::string> list{plain.bytes};
  for (const Base64Reading& reading : plain.others) list.push_back(decode_base64(text, reading));
  return list;
}

TEST(Base64, VectorsOfRfc4648) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("Zg=="), "f");
  EXPECT_EQ(decoded("Zm8="), "fo");
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded("Zm9vYg=="), "foob");
  EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decoded("AP//+/8="), std::string("\0\xff\xff\xfb\xff", 5));
}

TEST(Base64, CleanTextHasOneReading) {
  for (const std::string_view text : {"", "Zm9v", "Zm9vYg==\r\n", "Zm9v\r\nYmFy\r\n", " Z m\t9v"}) {
    EXPECT_THAT(flags(text), IsEmpty()) << text;
    EXPECT_THAT(decode_base64(text).others, IsEmpty()) << text;
  }
}

TEST(Base64, LinesThatEndWithinAQuantum) {
  EXPECT_EQ(decoded("Zm\n9v\nYg\n==\n"), "foob");
  EXPECT_THAT(flags("Zm\n9v\nYg\n==\n"), IsEmpty());
}

TEST(Base64, EveryLengthOfLineAndData) {
  for (std::size_t line = 1; line <= 79; ++line)
    for (const std::size_t size : {0, 1, 2, 3, 57, 58, 100, 1000}) {
      constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      std::string plain, text;
      for (std::size_t i = 0; i < size; ++i) plain += static_cast<char>(i * 37 + line);
      std::size_t column = 0;
      const auto put = [&](char digit) {
        text += digit;
        if (++column % line == 0) text += "\r\n";
      };
      for (std::size_t at = 0; at < size; at += 3) {
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 3; ++i)
          three = three << 8 | (at + i < size ? static_cast<unsigned char>(plain[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) put(i > size - at ? '=' : digits[three >> (18 - 6 * i) & 63]);
      }
      const Base64Decoded result = decode_base64(text);
      EXPECT_EQ(result.bytes, plain) << line << ' ' << size;
      EXPECT_THAT(result.oddities.list(), IsEmpty()) << line << ' ' << size;
    }
}

TEST(Base64, JunkBetweenDigitsIsPassedOver) {
  EXPECT_EQ(decoded("Zm#9v.YmFy"), "foobar");
  EXPECT_THAT(flags("Zm#9v.YmFy"), ElementsAre("B64_JUNK"));
  EXPECT_EQ(decode_base64("Zm#9v.YmFy").oddities.list()[0].first, (ByteRange{2, 3}));
}

TEST(Base64, StreamsThatFollowEachOther) {
  for (const std::string_view text : {"Zm9vYg==YXI=", "Zm9vYg==\r\nYXI=\r\n"}) {
    EXPECT_EQ(decoded(text), "foob") << text;
    EXPECT_THAT(all_readings(text), Contains("foobar")) << text;
    EXPECT_THAT(flags(text), ElementsAre("B64_MIDSTREAM_PAD")) << text;
  }
  EXPECT_THAT(all_readings("RUlD=QVI="), Contains("EICAR"));
}

TEST(Base64, WrongPadding) {
  for (const std::string_view text : {"Zm9vYg=", "Zm9vYg", "Zm9vYg==="}) {
    EXPECT_EQ(decoded(text), "foob") << text;
    EXPECT_THAT(flags(text), ElementsAre("B64_BAD_PAD")) << text;
  }
  EXPECT_THAT(all_readings("====Zm9v"), Contains("foo"));
  EXPECT_THAT(flags("====Zm9v"), ElementsAre("B64_BAD_PAD", "B64_MIDSTREAM_PAD"));
  EXPECT_THAT(all_readings("Zm=9v"), Contains("foo"));
  EXPECT_EQ(decoded("Zm9vY"), "foo");
}

TEST(Base64, FooterOfAMailingList) {
  const std::string_view text = "Zm9vYg==\r\n_______________\r\nlist@example.org\r\n";
  EXPECT_EQ(decoded(text), "foob");
  EXPECT_THAT(flags(text), ElementsAre("B64_TRAILING_DATA"));
}

TEST(Base64, DigitsThatDontBelongShiftTheRest) {
  for (const std::string_view text : {"A\r\n\r\nZm9vYmFy", "AB\r\n\r\nZm9vYmFy", "ABC\r\n\r\nZm9vYmFy"})
    EXPECT_THAT(all_readings(text), Contains("foobar")) << text;
}

TEST(Base64, OtherAlphabet) {
  EXPECT_THAT(all_readings("AP__-_8="), Contains(std::string("\0\xff\xff\xfb\xff", 5)));
  EXPECT_THAT(flags("AP__-_8="), Contains("B64_ALPHABET"));
}

TEST(Base64, EachLineAlone) {
  EXPECT_THAT(all_readings("Zm9vY\r\nYmFyY\r\n"), Contains("foobar"));
  EXPECT_THAT(all_readings("Zm9vXX\r\nYmFyXX\r\n"), Contains("foobar"));
}

TEST(Base64, PaddingInPlaceOfADigit) {
  EXPECT_THAT(all_readings("Z=g=\r\nb28=\r\n"), Contains("foo"));
  EXPECT_THAT(all_readings("Z=m8b=2I"), Contains("foob"));
}

TEST(Base64, LinesWithJunkAreNoDataOrUpToIt) {
  EXPECT_THAT(all_readings("begin-base64 644 a.b\r\nZm9v\r\nYmFy\r\n====\r\n"), Contains("foobar"));
  EXPECT_THAT(all_readings("Zm9#abcd\r\nvYmFy\r\n"), Contains("foobar"));
  EXPECT_THAT(all_readings("Zm9vYmFy\r\n--boundary--\r\n"), Contains("foobar"));
}

// Every byte at every place of a block, and blocks of every length: by vectors and one by one alike.
TEST(Base64Quanta, VectorsDecodeWhatOneByOneDoes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < 200; ++i) text += digits[(i * 29 + i / 64) % 64];
  const auto decode = [](auto&& function, std::string_view from, std::size_t at) {
    std::string room(from.size() + 8, '\x55');
    char* out = room.data();
    const std::size_t end = function(from, at, out);
    const auto written = static_cast<std::size_t>(out - room.data());
    EXPECT_EQ(room.find_first_not_of('\x55', written), std::string::npos)
        << "nothing is written behind the end";
    return std::pair(end, room.substr(0, written));
  };
  for (std::size_t length = 0; length <= text.size(); ++length)
    EXPECT_EQ(
        decode(decode_quanta, std::string_view(text).substr(0, length), length % 5 > length ? 0 : length % 5),
        decode(decode_quanta_one_by_one, std::string_view(text).substr(0, length),
               length % 5 > length ? 0 : length % 5));
  for (int byte = 0; byte < 256; ++byte)
    for (std::size_t place = 0; place < 64; ++place) {
      std::string other = text;
      other[place] = static_cast<char>(byte);
      const auto by_vectors = decode(decode_quanta, other, 0);
      EXPECT_EQ(by_vectors, decode(decode_quanta_one_by_one, other, 0)) << byte << " at " << place;
      if (digits.find(static_cast<char>(byte)) == std::string_view::npos) {
        EXPECT_EQ(by_vectors.first, place / 4 * 4);
      }
    }
}

// Lines of every length with every break, whole and with any byte anywhere: what the fast way takes of them
// changes nothing.
TEST(Base64Quanta, WholeLinesAreReadAsTheSlowReadingReadsThem) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto expect_same = [](const std::string& text) {
    EXPECT_EQ(decode_base64(text).bytes, decode_base64(text, Base64Reading{})) << text;
  };
  std::size_t digit = 0;
  for (const std::string_view line_break : {"\r\n", "\n", "\r", "\r\r\n", " \n"})
    for (std::size_t length = 1; length <= 140; ++length) {
      std::string text;
      for (int line = 0; line < 4; ++line) {
        for (std::size_t i = 0; i < length; ++i, ++digit) text += digits[(digit * 29 + digit / 64) % 64];
        text += line_break;
      }
      expect_same(text);
      expect_same(text + "QUJD");
      expect_same(text + "QUI=\r\n");
      expect_same(text.substr(0, text.size() - 1));
      expect_same(text.substr(0, text.size() - 3));
      if (length % 4 != 0 || length > 80 || length < 28) continue;
      for (std::size_t place = 0; place < text.size(); ++place)
        for (const char byte : {'\r', '\n', '=', '-', '!', '\0', '\x80'}) {
          std::string other = text;
          other[place] = byte;
          expect_same(other);
        }
    }
}

TEST(Base64Quanta, WholeLinesOfEqualLengthAreTakenAtOnce) {
  std::string room(300, '\x55');
  for (const std::string_view line_break : {"\r\n", "\n"}) {
    const std::string line = std::string(76, 'Q') + std::string(line_break);
    char* out = room.data();
    const std::size_t end = decode_lines(line + line + line + "QUJD", 0, out);
    const auto written = out - room.data();
    // Without the processor's vectors none is.
    if (end == 0) continue;
    EXPECT_EQ(end, 3 * line.size());
    EXPECT_EQ(written, 3 * 57);
  }
}

}  // namespace
}  // namespace rastel::message
