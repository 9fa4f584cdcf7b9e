// SPDX-License-Identifier: GPL-2.0-only
#include "message/embedded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "uuencode name bytes" of each.
std::vector<std::string> found(std::string_view text) {
  std::vector<std::string> list;
  const EmbeddedFiles embedded = find_embedded(text, 1 << 20);
  for (const Embedded& file : embedded.files)
    list.push_back(std::string(to_string(file.encoding)) + ' ' + file.name + ' ' + file.bytes);
  return list;
}

TEST(Embedded, UuencodedFileAsPosixWritesIt) {
  EXPECT_THAT(found("begin 644 cat.txt\n#0V%T\n`\nend\n"), ElementsAre("uuencode cat.txt Cat"));
  EXPECT_THAT(found("begin 644 a b.txt\r\n#0V%T\r\n \r\nend\r\n"), ElementsAre("uuencode a b.txt Cat"));
}

// The variants that docs/ambiguity.md calls UU_IN_TEXT.
TEST(Embedded, UuencodedFilesThatSomebodyStillReads) {
  for (const std::string_view text :
       {"begin 0644 c\n#0V%T\n", "begin  644  c\n#0V%T\nend", "BEGIN 644 c\n#0V%T\n`\nend\n",
        "begin-64 644 c\n#0V%T\n", "x\n\nbegin 6 c\n#0V%TX\nend\n", "begin 644 c\n#0V%T,\n"})
    EXPECT_THAT(found(text), ElementsAre(testing::EndsWith(" Cat"))) << text;
  EXPECT_THAT(found("begin 644 a\n#0V%T\nend\nbegin 644 b\n#0V%T\nend\n"),
              ElementsAre("uuencode a Cat", "uuencode b Cat"));
  // Trailing spaces, which are zero bits, have been cut off.
  EXPECT_THAT(found("begin 644 z\n#\n"), ElementsAre(std::string("uuencode z \0\0\0", 14)));
}

TEST(Embedded, UuencodedFileWithJunkBetweenItsLinesAndBehindThem) {
  for (const std::string_view text :
       {"begin 644 c\n\n!0P  \n\n\"870 \n\nend\n", "begin 644 c\n!0P  it is\n\"870 long\n`\nend\n",
        "begin 644 c\n--other\n!0P  \n\"870 \n", "begin 644 c\n!0P  \nand on\n\"870 \nend\n!0P  \n"})
    EXPECT_THAT(found(text), testing::Contains("uuencode c Cat")) << text;
  EXPECT_THAT(found("begin 644\n--other\n#0V%T\n"), ElementsAre("uuencode  Cat"));
  // Nothing strange: once.
  EXPECT_THAT(found("begin 644 c\n#0V%T\n`\nend\nProse\n"), ElementsAre("uuencode c Cat"));
  EXPECT_EQ(decode_uuencoded("#0V%T\r\n#0V%Tabcdefgh\r\n", 100), "CatCat");
}

TEST(Embedded, ProseIsNone) {
  for (const std::string_view text :
       {"begin with this\nand go on\n", "begin 644\n\n", "We begin 644 c\n#0V%T\n", "begin"})
    EXPECT_THAT(found(text), IsEmpty()) << text;
}

TEST(Embedded, Yenc) {
  EXPECT_THAT(found("=ybegin line=128 size=3 name=a b.bin\r\nm\x8b\x9e\r\n=yend size=3\r\n"),
              ElementsAre("yenc a b.bin Cat"));
  // An escaped byte, a second part, no end.
  EXPECT_THAT(found("=ybegin part=1 line=128 size=3 name=c\n=ypart begin=1 end=3\nm=\xcb\x9e"),
              ElementsAre("yenc c Cat"));
  EXPECT_THAT(found("see =ybegin line=1\n"), IsEmpty());
}

TEST(Embedded, Binhex) {
  // Name "a", data "Cat", resource "R"; made by the packing of RFC 1741, with checksums left zero.
  const std::string file =
      "(This file must be converted with BinHex 4.0)\r\n\r\n:!@%!9%9B9(4dH(3!N!8$!!!!!3!!3f&d!!\"5!!!:\r\n";
  EXPECT_THAT(found(file), ElementsAre("binhex a CatR"));
}

TEST(Embedded, TooManyAndTooLargeAreSaid) {
  std::string many;
  for (std::size_t i = 0; i <= EmbeddedFiles::most_embedded; ++i) many += "begin 644 c\n#0V%T\nend\n";
  EXPECT_TRUE(find_embedded(many, 1 << 20).cut);
  EXPECT_TRUE(find_embedded("begin 644 c\n#0V%T\nend\n", 2).cut);
  EXPECT_FALSE(find_embedded("begin 644 c\n#0V%T\nend\n", 3).cut);
}

TEST(Embedded, LinesWithoutTheirSpacesDontFillMemory) {
  std::string lines = "begin 644 c\n";
  for (int i = 0; i < 1000; ++i) lines += "@\n";
  EXPECT_TRUE(find_embedded(lines, 1000).cut);
  EXPECT_EQ(decode_uuencoded(lines, 1000).size(), 1000U);
}

TEST(Embedded, EncodingWithoutItsFirstLine) {
  EXPECT_EQ(decode_uuencoded("#0V%T\r\n`\r\n", 100), "Cat");
  EXPECT_EQ(decode_uuencoded("begin 644 c\n#0V%T\n#0V%T\nend\n", 100), "CatCat");
}

}  // namespace
}  // namespace rastel::message
