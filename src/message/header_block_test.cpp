// SPDX-License-Identifier: GPL-2.0-only
#include "message/header_block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

// "name|value" of each, as they stand in the text.
std::vector<std::string> seen(std::string_view text, const std::vector<HeaderField>& fields) {
  std::vector<std::string> list;
  for (const HeaderField& field : fields)
    list.push_back(std::string(text.substr(field.name.begin, field.name.size())) + '|' +
                   std::string(text.substr(field.value.begin, field.value.size())));
  return list;
}

HeaderBlock read_all(std::string_view text, const HeaderLimits& limits = {}) {
  HeaderBlock block = read_header(text, limits);
  read_on(text, block, limits);
  return block;
}

std::vector<std::string> fields(std::string_view text) { return seen(text, read_all(text).fields); }
std::vector<std::string> doubtful(std::string_view text) { return seen(text, read_all(text).doubtful); }

std::vector<std::string> flags(std::string_view text) { return codes_for_test(read_all(text).oddities); }

std::vector<std::string> bodies(std::string_view text) {
  std::vector<std::string> list;
  const HeaderBlock block = read_all(text);
  for (const std::size_t at : block.bodies) list.emplace_back(text.substr(at));
  return list;
}

TEST(HeaderBlock, FieldsInOrderWithTheirBytesAndNoDoubt) {
  const std::string_view text =
      "Subject: a\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nsubject:b\r\n\r\nbody\r\n";
  EXPECT_THAT(fields(text),
              ElementsAre("Subject| a", "Content-Type| text/plain;\r\n\tcharset=utf-8", "subject|b"));
  EXPECT_THAT(bodies(text), ElementsAre("body\r\n"));
  EXPECT_THAT(doubtful(text), IsEmpty());
  EXPECT_THAT(flags(text), IsEmpty());
  const HeaderBlock block = read_all(text);
  EXPECT_EQ(block.fields[1].known, KnownField::content_type);
  EXPECT_EQ(text.substr(block.fields[1].end, 7), "subject");
}

TEST(HeaderBlock, EndsOfWhatHasNoBody) {
  EXPECT_THAT(bodies(""), ElementsAre(""));
  EXPECT_THAT(fields("A: b"), ElementsAre("A| b"));
  EXPECT_THAT(bodies("A: b"), ElementsAre(""));
  EXPECT_THAT(fields("A: b\r\n"), ElementsAre("A| b"));
  EXPECT_THAT(bodies("A:\n\n"), ElementsAre(""));
  EXPECT_THAT(fields("A:\n\n"), ElementsAre("A|"));
  EXPECT_THAT(bodies("\r\nbody"), ElementsAre("body"));
}

TEST(HeaderBlock, MboxLineIsPassedOver) {
  EXPECT_THAT(fields("From a@b Sat Jan  1\nA: b\n\n"), ElementsAre("A| b"));
  EXPECT_THAT(fields(">From a@b Sat Jan  1\nA: b\n\n"), ElementsAre("A| b"));
  EXPECT_THAT(flags("From a@b Sat Jan  1\nA: b\n\n"), IsEmpty());
}

TEST(HeaderBlock, WhiteLineIsAContinuationAndTheEndToOthers) {
  const std::string_view text =
      "Content-Type: text/plain\r\n \r\nContent-Transfer-Encoding: base64\r\n\r\nZm9v\r\n";
  EXPECT_THAT(fields(text),
              ElementsAre("Content-Type| text/plain\r\n ", "Content-Transfer-Encoding| base64"));
  EXPECT_THAT(bodies(text), ElementsAre("Zm9v\r\n", "Content-Transfer-Encoding: base64\r\n\r\nZm9v\r\n"));
  EXPECT_THAT(flags(text), ElementsAre("WS_ONLY_HEADER_LINE"));
}

TEST(HeaderBlock, LineThatIsNoFieldIsPassedOverAndTheBodyToOthers) {
  const std::string_view text = "A: b\r\nthis is no field\r\n c\r\nD: e\r\n\r\nbody";
  EXPECT_THAT(fields(text), ElementsAre("A| b", "D| e"));
  EXPECT_THAT(bodies(text), ElementsAre("body", "this is no field\r\n c\r\nD: e\r\n\r\nbody"));
  EXPECT_THAT(flags(text), Contains("JUNK_IN_HEADER"));
}

TEST(HeaderBlock, NamesAndColonsThatOnlyALenientEyeTakes) {
  const std::string_view b64 = "Content-Transfer-Encoding";
  for (const std::string line :
       {"Content-Transfer-Encoding:: base64", "Content-Transfer-Encoding= base64",
        "Content-Transfer-Encoding base64", "Content-(c)Transfer-Encoding: base64",
        "Content-Tra\\nsfer-Encoding: base64", "(c) Content-Transfer-Encoding: base64",
        ": Content-Transfer-Encoding: base64", " Content-Transfer-Encoding: base64",
        "cOnTent-transfer-EnCoding:\t: =base64"}) {
    const std::string text = line + "\r\n\r\nZm9v";
    const HeaderBlock block = read_all(text);
    ASSERT_EQ(block.doubtful.size(), 1U) << line;
    EXPECT_EQ(block.doubtful[0].known, KnownField::content_transfer_encoding) << line;
    const ByteRange value = block.doubtful[0].value;
    EXPECT_EQ(text.substr(value.begin, value.size()), "base64") << line;
    EXPECT_TRUE(block.oddities.has(Ambiguity::bad_header_syntax)) << line;
  }
  const std::string nul = std::string(1, '\0') + std::string(b64) + ": base64\r\n\r\n";
  EXPECT_THAT(flags(nul), ElementsAre("NUL_IN_HEADER", "JUNK_IN_HEADER", "BAD_HEADER_SYNTAX"));
}

TEST(HeaderBlock, WhatALenientEyeSeesIsFoldedLikeEveryField) {
  const std::string_view text = "Content-Type:: multipart/mixed;\r\n boundary=b\r\n\r\n";
  EXPECT_THAT(doubtful(text), ElementsAre("Content-Type|multipart/mixed;\r\n boundary=b"));
}

TEST(HeaderBlock, FieldHiddenInAFoldedLine) {
  const std::string_view text = "X-Foo :bar\r\n Content-Type: multipart/mixed;\r\n boundary=b\r\n\r\n";
  EXPECT_THAT(fields(text), ElementsAre("X-Foo|bar\r\n Content-Type: multipart/mixed;\r\n boundary=b"));
  EXPECT_THAT(doubtful(text), ElementsAre("Content-Type|multipart/mixed;\r\n boundary=b"));
  EXPECT_THAT(flags(text), ElementsAre("WS_BEFORE_COLON", "BAD_HEADER_SYNTAX", "HEADER_IN_CONTINUATION"));
}

// Found on mail of git, Django and s-nail.
TEST(HeaderBlock, SubjectsAboutMailAreFoldedLikeOthers) {
  const std::string_view text =
      "Subject: Bug: the reader takes the field\r\n Content-Transfer-Encoding: base64 and then\r\n"
      " Content-Type: text/html; boundary=x for one\r\nA: b\r\n\r\n";
  EXPECT_THAT(doubtful(text), IsEmpty());
  EXPECT_THAT(flags(text), IsEmpty());
  for (const std::string_view attack : {"Subject : x\n Content-Type: multipart/mixed; boundary=b\n\n",
                                        "Subject: x\njunk\n Content-Type: multipart/mixed; boundary=b\n\n",
                                        "X-Foo: x\n Content-Type: multipart/mixed; boundary=b\n\n",
                                        "Subject: x\rContent-Type: multipart/mixed; boundary=b\n\n"})
    EXPECT_THAT(doubtful(attack), ElementsAre(testing::EndsWith("multipart/mixed; boundary=b"))) << attack;
}

// As seven programs fold a subject with hundreds of spaces in it.
TEST(HeaderBlock, WhiteLineWithinASubject) {
  EXPECT_THAT(flags("Subject: word\n   \n  far behind\nA: b\n\n"), IsEmpty());
  EXPECT_THAT(bodies("Subject: word\n   \n  far behind\nA: b\n\nc"),
              ElementsAre("c", "  far behind\nA: b\n\nc"));
  for (const std::string_view attack : {"Subject: word\n \nA: b\n\n", "A: word\n \n far behind\n\n",
                                        "Subject: word\n \n \n\n", "Subject :word\n \n behind\n\n"})
    EXPECT_THAT(flags(attack), Contains("WS_ONLY_HEADER_LINE")) << attack;
}

TEST(HeaderBlock, NamesListedByASignatureAreNoFields) {
  const std::string_view text =
      "DKIM-Signature: v=1; a=rsa-sha256; h=from:to:\r\n\tContent-Type:Content-Transfer-Encoding:\r\n"
      " mime-version:date;\r\n\tcontent-transfer-encoding:mime-version; bh=YWJj\r\n\r\n";
  EXPECT_THAT(doubtful(text), IsEmpty());
  EXPECT_THAT(flags(text), IsEmpty());
}

TEST(HeaderBlock, HeaderThatGoesOnBehindItsEnd) {
  const std::string_view text = "\r\nContent-Transfer-Encoding: base64\r\nX: y\r\n\r\nbody";
  EXPECT_THAT(fields(text), IsEmpty());
  EXPECT_THAT(doubtful(text), ElementsAre("Content-Transfer-Encoding| base64", "X| y"));
  EXPECT_THAT(bodies(text), ElementsAre("Content-Transfer-Encoding: base64\r\nX: y\r\n\r\nbody", "body"));
  EXPECT_THAT(flags(text), ElementsAre("HEADER_LIKE_BODY"));
  EXPECT_THAT(flags("A: b\n\nMIME-Version: 1.0\nContent-Type: Multipart/mixed;\n boundary=b\n\n--b\n"),
              ElementsAre("HEADER_LIKE_BODY"));
  EXPECT_THAT(flags("A: b\n\nContent-Type: text/html\njunk\nContent-Transfer-Encoding: base64\n\nYQ==\n"),
              ElementsAre("HEADER_LIKE_BODY", "JUNK_IN_HEADER"));
  EXPECT_TRUE(read_header(text).doubtful.empty()) << "only who asks for it is told";
}

TEST(HeaderBlock, TextThatSpeaksOfItsTypeHidesNothing) {
  for (const std::string_view text :
       {"A: b\n\nContent-Type: text/html is what it says there, but it isn't HTML.\nWhat now?\n\nAnna\n",
        "A: b\n\nMIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: 8BIT \n\nHello\n"}) {
    EXPECT_THAT(flags(text), IsEmpty()) << text;
    EXPECT_GT(bodies(text).size(), 1U) << "read in both ways all the same";
  }
}

TEST(HeaderBlock, LoneCarriageReturnBreaksLinesForSome) {
  const std::string_view text = "X-Foo: bar\rContent-Type: multipart/mixed;\r\n boundary=b\r\n\r\nbody";
  EXPECT_THAT(fields(text), ElementsAre("X-Foo| bar\rContent-Type: multipart/mixed;\r\n boundary=b"));
  EXPECT_THAT(doubtful(text), ElementsAre("Content-Type| multipart/mixed;\r\n boundary=b"));
  EXPECT_THAT(flags(text), ElementsAre("BARE_CR"));
  // Two of them in a row, and one before the line break, are an empty line.
  EXPECT_THAT(bodies("A: b\r\rC: d\r\n\r\nbody"), ElementsAre("body", "C: d\r\n\r\nbody"));
  EXPECT_THAT(bodies("A: b\r\r\nC: d\r\n\r\nbody"), ElementsAre("body", "C: d\r\n\r\nbody"));
  EXPECT_THAT(bodies("A: b\r\n\r\r\nC: d\r\n\r\nbody"), ElementsAre("C: d\r\n\r\nbody", "body"));
  EXPECT_THAT(doubtful("A: b\r\n\r\r\nC: d\r\n\r\nbody"), ElementsAre("C| d"));
}

TEST(HeaderBlock, BytesThatAreNoText) {
  EXPECT_THAT(flags("A: \v\r\n\r\n"), ElementsAre("CTRL_IN_HEADER"));
  EXPECT_THAT(flags("A: \xc3\xa9\r\n\r\n"), ElementsAre("RAW_8BIT_HEADER"));
  EXPECT_THAT(flags("A: " + std::string(1000, 'b') + "\r\n\r\n"), ElementsAre("LONG_HEADER_LINE"));
  EXPECT_THAT(flags("A: " + std::string(995, 'b') + "\r\n\r\n"), IsEmpty());
  EXPECT_THAT(flags("A: b\r\nC: d\nE: f\r\n\r\n"), ElementsAre("MIXED_EOL"));
}

TEST(HeaderBlock, LimitsAreSaidAndNothingBehindThemIsRead) {
  std::string many;
  for (int i = 0; i < 30; ++i) many += "A: b\r\n";
  const HeaderBlock by_fields = read_all(many + "\r\nbody", {.fields = 20});
  EXPECT_TRUE(by_fields.cut);
  EXPECT_EQ(by_fields.fields.size(), 20U);
  EXPECT_TRUE(by_fields.oddities.has(Ambiguity::limit_header));
  const HeaderBlock by_bytes = read_all(many + "\r\nbody", {.bytes = 60});
  EXPECT_TRUE(by_bytes.cut);
  EXPECT_EQ(by_bytes.fields.size(), 10U);
  EXPECT_FALSE(read_all(many + "\r\nbody").cut);
  std::string white = "A: b\r\n";
  for (int i = 0; i < 30; ++i) white += " \r\n";
  const HeaderBlock by_bodies = read_all(white + "\r\nbody");
  EXPECT_TRUE(by_bodies.cut);
  EXPECT_EQ(by_bodies.bodies.size(), HeaderBlock::most_bodies);
}

TEST(HeaderBlock, EveryFlagIsCountedOnceWithItsFirstPlace) {
  const HeaderBlock block = read_all("A : b\r\nC : d\r\n\r\n");
  ASSERT_EQ(block.oddities.list().size(), 1U);
  EXPECT_EQ(block.oddities.list()[0].times, 2U);
  EXPECT_EQ(block.oddities.list()[0].first, (ByteRange{0, 5}));
}

}  // namespace
}  // namespace rastel::message
