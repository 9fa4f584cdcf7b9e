// SPDX-License-Identifier: GPL-2.0-only
#include "message/carve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// "place type" of each.
std::vector<std::string> carved(std::string_view leaf) {
  std::vector<std::string> list;
  const std::vector<Carved> all = carve(leaf);
  for (const Carved& one : all) list.push_back(std::to_string(one.at) + ' ' + std::string(one.type));
  return list;
}

// A program for Windows as far as anybody checks: the pointer at 60 points behind itself.
std::string program() { return "MZ"s + std::string(58, 'x') + "\x40\0\0\0PE\0\0 and so on"s; }
// `printf PAYLOAD | gzip -n`
const std::string gzip =
    "\x1f\x8b\x08\0\0\0\0\0\0\3\x0b\x70\x8c\xf4\xf1\x77\x74\x01\0\x0f\x94\x69\x7d\7\0\0\0"s;

TEST(Carve, EachFormatAtAnyPlace) {
  const std::vector<std::pair<std::string, std::string>> formats{
      {"PK\3\4 and so on"s, "application/zip"},
      {program(), "application/x-msdownload"},
      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"s, "application/x-ole-storage"},
      {"7z\xbc\xaf\x27\x1c\0\4"s, "application/x-7z-compressed"},
      {"Rar!\x1a\7\1\0\x33\x92\xb5\xe5\x0a\1\5\6\0"s, "application/vnd.rar"},
      {"\x78\x9f\x3e\x22\1\0\1"s, "application/ms-tnef"},
      {gzip, "application/gzip"},
      {"MSCF\0\0\0\0"s, "application/vnd.ms-cab-compressed"},
      {"\x7f"
       "ELF\2\1\1"s,
       "application/x-executable"},
      {"BZh91AY&SY and so on"s, "application/x-bzip2"},
      {"\xfd"
       "7zXZ\0"s,
       "application/x-xz"},
      {"ITSF\3\0\0\0"s, "application/vnd.ms-htmlhelp"},
      {"L\0\0\0\1\x14\2\0"s, "application/x-ms-shortcut"},
      {"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"s, "application/onenote"},
      {"%PDF-1.4"s, "application/pdf"},
      {"{\\rtf1"s, "application/rtf"}};
  for (const auto& [bytes, type] : formats) {
    EXPECT_TRUE(begins_like_file(bytes)) << type;
    EXPECT_THAT(carved(bytes), IsEmpty()) << type;
    for (const std::size_t junk : {1, 2, 3, 63, 64, 65, 127, 128, 1000, 1001})
      EXPECT_THAT(carved(std::string(junk, 'j') + bytes + std::string(200, ' ')),
                  ElementsAre(std::to_string(junk) + ' ' + type));
  }
}

TEST(Carve, RtfAsWordTakesIt) { EXPECT_THAT(carved("x{\\rt{\\object"), ElementsAre("1 application/rtf")); }

TEST(Carve, ChanceHitsAreNone) {
  EXPECT_THAT(carved("xMZ"), IsEmpty());
  EXPECT_THAT(carved("Its magic is Rar!\x1a\7\1\0 and in version 4 Rar!\x1a\7\0 as everybody knows"s),
              IsEmpty());
  EXPECT_THAT(carved("xMZ"s + std::string(58, 'x') + "\x40\0\0\0PF\0\0"s), IsEmpty());
  EXPECT_THAT(carved("xMZ"s + std::string(58, 'x') + "\xff\xff\xff\xff"s), IsEmpty());
  EXPECT_THAT(carved("x\x1f\x8b\x08\xff\0\0\0\0\0\3 and so on"s), IsEmpty());  // reserved flags
  EXPECT_THAT(carved("x\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff"s), IsEmpty());
  EXPECT_THAT(carved("x\x7f"
                     "ELF is a format"s),
              IsEmpty());
  EXPECT_THAT(carved("x{\\rtlch within RTF"), IsEmpty());
  EXPECT_THAT(carved("the header is %PDF- and a digit"), IsEmpty());
}

TEST(Carve, NothingOutOfAContainer) {
  EXPECT_THAT(carved("PK\3\4 and PK\3\4 and so on"s), IsEmpty());
  EXPECT_THAT(carved("GIF89a PK\3\4 and so on"s), ElementsAre("7 application/zip"));
}

TEST(Carve, NumbersAreBounded) {
  std::string many = "x";
  for (int i = 0; i < 100; ++i) many += "PK\3\4 Rar!\x1a\7\1 7z\xbc\xaf\x27\x1c MSCF\0\0\0\0 {\\rtf "s;
  EXPECT_EQ(carve(many).size(), most_carved);
  std::string zips = "x";
  for (int i = 0; i < 100; ++i) zips += "PK\3\4 "s;
  EXPECT_EQ(carve(zips).size(), most_of_a_kind);
}

}  // namespace
}  // namespace rastel::message
