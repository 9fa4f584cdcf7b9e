// SPDX-License-Identifier: GPL-2.0-only
#include "message/tnef.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/compressed_rtf.hpp"
#include "message/reader.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t room = 1 << 20;

std::string little(std::uint64_t number, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

std::string attribute(std::uint32_t id, const std::string& data) {
  return "\x02" + little(id, 4) + little(data.size(), 4) + data + little(0, 2);
}

// A property with one value of variable length.
std::string property(std::uint32_t type, std::uint32_t id, const std::string& data) {
  return little(type, 2) + little(id, 2) + little(1, 4) + little(data.size(), 4) + padded(data);
}

std::string stream(const std::string& attributes) { return "\x78\x9f\x3e\x22" + little(1, 2) + attributes; }

const std::string begins = attribute(0x00069002, std::string(14, '\0'));

std::string attachment(const std::string& title, const std::string& data) {
  return begins + attribute(0x00018010, title + '\0') + attribute(0x0006800f, data);
}

// "name+name=bytes" of each.
std::vector<std::string> files(const std::string& bytes) {
  const Tnef tnef = read_tnef(bytes, room);
  std::vector<std::string> list;
  for (const TnefFile& file : tnef.files) {
    std::string line;
    for (const std::string& name : file.names) line += (line.empty() ? "" : "+") + name;
    list.push_back(line + '=' + std::string(file.bytes) + file.unpacked);
  }
  return list;
}

TEST(Tnef, AttachmentsWithTheirNames) {
  const std::string bytes = stream(attachment("A.TXT", "one") + attachment("B.EXE", "two"));
  EXPECT_TRUE(is_tnef(bytes));
  EXPECT_THAT(files(bytes), ElementsAre("A.TXT=one", "B.EXE=two"));
  EXPECT_FALSE(read_tnef(bytes, room).broken);
}

TEST(Tnef, LongNamesAndDataAmongTheProperties) {
  std::string name;
  for (const char letter : std::string("long name.exe")) name += std::string{letter, '\0'};
  const std::string properties = little(3, 4) + property(0x001f, 0x3707, name + std::string(2, '\0')) +
                                 little(0x0003, 2) + little(0x0e20, 2) + little(3, 4) +
                                 property(0x0102, 0x3701, "data");
  EXPECT_THAT(
      files(stream(begins + attribute(0x00018010, "LONGNA~1.EXE") + attribute(0x00069005, properties))),
      ElementsAre("LONGNA~1.EXE+long name.exe=data"));
}

TEST(Tnef, NamedPropertiesArePassedOver) {
  const std::string named = little(0x001e, 2) + little(0x8001, 2) + std::string(16, 'g') + little(1, 4) +
                            little(6, 4) + padded("abcdef") + little(1, 4) + little(3, 4) + padded("xyz");
  const std::string properties = little(2, 4) + named + property(0x001e, 0x3704, "a.b");
  EXPECT_THAT(files(stream(begins + attribute(0x00069005, properties) + attribute(0x0006800f, "data"))),
              ElementsAre("a.b=data"));
}

TEST(Tnef, MessageWithinIsTakenApartInTurn) {
  const std::string inner = stream(attachment("P.EXE", "PAYLOAD"));
  const std::string properties = little(1, 4) + property(0x000d, 0x3701, std::string(16, 'i') + inner);
  struct Collector : LeafVisitor {
    void leaf(const Leaf& leaf) override { bytes.emplace_back(leaf.bytes); }
    std::vector<std::string> bytes;
  } seen;
  (void)read_message(
      "Content-Type: application/ms-tnef\r\n\r\n" + stream(begins + attribute(0x00069005, properties)), seen);
  EXPECT_THAT(seen.bytes, Contains("PAYLOAD"));
}

TEST(Tnef, TextOfTheMessage) {
  EXPECT_THAT(files(stream(attribute(0x0002800c, "plain") + attachment("A", "one"))),
              ElementsAre("=plain", "A=one"));
  const auto body = [](std::string_view text) { return stream(attribute(0x0002800c, std::string(text))); };
  EXPECT_THAT(files(body({"ends\r\n\0", 7})), ElementsAre("=ends\r\n"));
  EXPECT_THAT(files(body({"a\0b\0\0", 5})), ElementsAre(std::string("=a\0b\0", 5)));
  EXPECT_THAT(files(body({"\0", 1})), IsEmpty());
  const std::string html = little(1, 4) + property(0x0102, 0x1013, "<p>");
  EXPECT_THAT(files(stream(attribute(0x00069003, html) + attachment("A", "one"))),
              ElementsAre("=<p>", "A=one"));
}

TEST(Tnef, DataBeforeItsBeginningAndTwiceForOne) {
  EXPECT_THAT(files(stream(attribute(0x0006800f, "one"))), ElementsAre("=one"));
  EXPECT_THAT(files(stream(attachment("A", "one") + attribute(0x0006800f, "two"))),
              ElementsAre("A=one", "A=two"));
}

TEST(Tnef, WhatIsCutShortIsTakenAsFarAsItGoes) {
  const std::string whole = stream(attachment("A.TXT", "0123456789"));
  for (std::size_t size = 4; size < whole.size(); ++size) {
    const Tnef tnef = read_tnef(std::string_view(whole).substr(0, size), room);
    EXPECT_LE(tnef.files.size(), 1U);
    EXPECT_TRUE(size >= whole.size() - 2 || tnef.broken || tnef.files.empty()) << size;
  }
  EXPECT_THAT(files(whole.substr(0, whole.size() - 5)), ElementsAre("A.TXT=0123456"));
}

TEST(Tnef, TooManyFilesAreSaid) {
  std::string many;
  for (std::size_t i = 0; i <= Tnef::most_files; ++i) many += attachment("A", "x");
  const Tnef tnef = read_tnef(stream(many), room);
  EXPECT_TRUE(tnef.cut);
  EXPECT_EQ(tnef.files.size(), Tnef::most_files);
}

// MS-OXRTFCP 3.1 and 3.2.
TEST(CompressedRtf, ExamplesOfItsSpecification) {
  const std::string simple = std::string("\x2d\0\0\0\x2b\0\0\0\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7", 16) +
                             std::string(
                                 "\x03\0\x0a\0\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c"
                                 "\x09\0\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0",
                                 33);
  const UnpackedRtf text = unpack_rtf(simple, room);
  EXPECT_EQ(text.text, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
  EXPECT_FALSE(text.broken);
  const std::string crossing = std::string("\x1a\0\0\0\x1c\0\0\0\x4c\x5a\x46\x75\xe2\xd4\x4b\x51", 16) +
                               std::string("\x41\0\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0", 14);
  EXPECT_EQ(unpack_rtf(crossing, room).text, "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
}

TEST(CompressedRtf, PlainBrokenAndTooLong) {
  const std::string plain = std::string("\x0f\0\0\0\x03\0\0\0MELA\0\0\0\0", 16) + "abc";
  EXPECT_EQ(unpack_rtf(plain, room).text, "abc");
  EXPECT_TRUE(unpack_rtf(plain, 2).cut);
  EXPECT_TRUE(unpack_rtf(plain.substr(0, 18), room).broken);
  EXPECT_TRUE(unpack_rtf("nonsense", room).broken);
}

}  // namespace
}  // namespace rastel::message
