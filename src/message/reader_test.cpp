// SPDX-License-Identifier: GPL-2.0-only
#include "message/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

class Collector : public LeafVisitor {
 public:
  void leaf(const Leaf& leaf) override {
    lines.push_back(leaf.path + '|' + leaf.reading + '|' + leaf.type + '|' + std::string(leaf.bytes));
    bytes.emplace_back(leaf.bytes);
  }
  std::vector<std::string> lines;
  std::vector<std::string> bytes;
};

std::vector<std::string> leaves(std::string_view message) {
  Collector collector;
  (void)read_message(message, collector);
  return collector.lines;
}

std::vector<std::string> contents(std::string_view message) {
  Collector collector;
  (void)read_message(message, collector);
  return collector.bytes;
}

std::vector<std::string> flags(std::string_view message) {
  Collector collector;
  return codes_for_test(read_message(message, collector).oddities);
}

// "PAYLOAD" in base64.
constexpr std::string_view payload = "UEFZTE9BRA==";

// A multipart of a text and an attachment with the payload; `attachment` is the attachment's header.
std::string mail_with(const std::string& attachment, const std::string& type = "multipart/mixed; boundary=b",
                      const std::string& delimiter = "--b") {
  return "From: a@example.org\r\nTo: b@example.net\r\nMIME-Version: 1.0\r\nContent-Type: " + type +
         "\r\n\r\n" + delimiter + "\r\nContent-Type: text/plain\r\n\r\nhi\r\n" + delimiter + "\r\n" +
         attachment + "\r\n\r\n" + std::string(payload) + "\r\n" + delimiter + "--\r\n";
}

constexpr auto octets = "Content-Type: application/octet-stream\r\n";

TEST(Reader, NormalMessageHasOneReadingAndNoFlag) {
  const std::string mail = mail_with(std::string(octets) + "Content-Transfer-Encoding: base64");
  EXPECT_THAT(leaves(mail), ElementsAre("1||text/plain|hi", "2||application/octet-stream|PAYLOAD"));
  EXPECT_THAT(flags(mail), IsEmpty());
  EXPECT_THAT(leaves("Subject: t\r\n\r\nhi\r\n"), ElementsAre("1||text/plain|hi\r\n"));
  EXPECT_THAT(leaves("Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\n"),
              ElementsAre("1||text/plain|a=b\r\n"));
}

TEST(Reader, PartsAreCountedAsImapDoes) {
  const std::string inner =
      "Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--c--\r\n";
  const std::string mail = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + inner +
                           "\r\n--b\r\n\r\nthree\r\n--b--\r\n";
  EXPECT_THAT(leaves(mail), ElementsAre("1.1||text/plain|one", "1.2||text/plain|two", "2||text/plain|three"));
  EXPECT_THAT(flags(mail), IsEmpty());
}

TEST(Reader, PartsOfAMessageWithinAMessageAreItsOwn) {
  const std::string text = "Subject: inner\r\n\r\nhi";
  const std::string parts = "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n--c--\r\n";
  const std::string mail =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + text +
      "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + parts + "\r\n--b--\r\n";
  EXPECT_THAT(leaves(mail), ElementsAre("1.1||text/plain|hi", "2.1||text/plain|one"));
}

// Whatever other readings come to the same bytes.
TEST(Reader, WhatTheDefaultReadingSeesBearsItsName) {
  const std::string inner =
      "Content-Type: multipart/alternative; "
      "boundary=bb\r\n\r\n--bb\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--bb--\r\n";
  const auto within = [](const std::string& part) {
    return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part +
           "\r\n--b\r\n\r\nthree\r\n--b--\r\n";
  };
  EXPECT_THAT(leaves(within(inner)),
              IsSupersetOf({"1.1||text/plain|one", "1.2||text/plain|two", "2||text/plain|three"}));
  EXPECT_THAT(leaves(within("Content-Type: message/rfc822\r\n\r\n" + inner)),
              IsSupersetOf({"1.1||text/plain|one", "1.2||text/plain|two", "2||text/plain|three"}));
  EXPECT_THAT(leaves("Content-Transfer-Encoding: base64\r\n\r\n?UEFZTE9BRA==\r\n").front(),
              "1||text/plain|PAYLOAD");
}

TEST(Reader, MessageThatIsNothingButAMessage) {
  EXPECT_THAT(leaves("Content-Type: message/rfc822\r\n\r\nSubject: t\r\n\r\nhi"),
              ElementsAre("1.1||text/plain|hi"));
  EXPECT_THAT(contents("Content-Type: message/rfc822\r\n\r\nno header at all"),
              ElementsAre("no header at all"));
}

// RFC 3464 2.1, RFC 2046 5.2.2: they are no messages, but some read them so.
TEST(Reader, OtherTypesOfMessageAreLeaves) {
  EXPECT_THAT(
      leaves("Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n\r\nAction: failed\r\n"),
      ElementsAre("1||message/delivery-status|Reporting-MTA: dns; a\r\n\r\nAction: failed\r\n",
                  "1.1|message|text/plain|Action: failed\r\n"));
  EXPECT_THAT(leaves("Content-Type: message/partial; id=x; number=2\r\n\r\nUEFZTE9BRA==\r\n"),
              Contains("1||message/partial|UEFZTE9BRA==\r\n"));
}

TEST(Reader, MessageWithinAMessageInAnyEncoding) {
  const std::string inner = "Subject: inner\r\n\r\nPAYLOAD";
  for (const std::string type : {"message/rfc822", "message/global", "application/octet-stream"})
    EXPECT_THAT(contents("Content-Type: " + type + "\r\n\r\nFrom: a@b\r\n" + inner), Contains("PAYLOAD"))
        << type;
  // "From: a@b\r\nSubject: inner\r\n\r\nPAYLOAD"
  const std::string encoded = "RnJvbTogYUBiDQpTdWJqZWN0OiBpbm5lcg0KDQpQQVlMT0FE\r\n";
  EXPECT_THAT(contents("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded),
              Contains("PAYLOAD"));
}

TEST(Reader, PartWithinAPart) {
  // "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nUEFZTE9BRA==\r\n"
  const std::string encoded =
      "Q29udGVudC1UeXBlOiB0ZXh0L3BsYWluDQpDb250ZW50LVRyYW5zZmVyLUVuY29kaW5nOiBiYXNlNjQNCg0KVUVGWlRFOUJSQT09DQ"
      "o=\r\n";
  EXPECT_THAT(contents("Content-Transfer-Encoding: base64\r\n\r\n" + encoded), Contains("PAYLOAD"));
}

// What is wrong, and how it is flagged: docs/ambiguity.md.
TEST(Reader, PayloadIsFoundUnderSomeReading) {
  const std::string base64 = "Content-Transfer-Encoding: base64";
  const std::string good = octets + base64;
  const std::vector<std::pair<std::string, std::string>> cases{
      {"lone CR", mail_with("X-Foo: bar\r" + base64)},
      {"NUL", mail_with(octets + std::string("\0", 1) + base64)},
      {"folded", mail_with(std::string(octets) + "Content-Transfer-Encoding:\r\n \r\n base64")},
      {"white line", mail_with("Content-Type: text/plain\r\n \r\n" + base64)},
      {"junk", mail_with(std::string(octets) + "this is not a header\r\n" + base64)},
      {"empty line first", mail_with("\r\n" + good)},
      {"white before the colon", mail_with(std::string(octets) + "Content-Transfer-Encoding : base64")},
      {"two colons", mail_with(std::string(octets) + "Content-Transfer-Encoding:: base64")},
      {"no colon", mail_with(std::string(octets) + "Content-Transfer-Encoding base64")},
      {"comment", mail_with(std::string(octets) + "Content-Transfer-Encoding: base(c)64")},
      {"quoted pair", mail_with(std::string(octets) + "Content-Transfer-Encoding: base\\64")},
      {"first", mail_with(good + "\r\nContent-Transfer-Encoding: quoted-printable")},
      {"last", mail_with("Content-Transfer-Encoding: 7bit\r\n" + good)},
      {"text first", mail_with(good, "text/plain\r\nContent-Type: multipart/mixed; boundary=b")},
      {"bad boundary first",
       mail_with(good, "multipart/mixed; boundary=x\r\nContent-Type: multipart/mixed; boundary=b")},
      {"bad first", mail_with(good, "multipart/mixed; boundary=x; boundary=b")},
      {"continuations", mail_with(good, "multipart/mixed; boundary*0=b; boundary*1=c", "--bc")},
      {"unclosed", mail_with(good, "multipart/mixed; boundary=\"b")},
      {"none", mail_with(good, "multipart/mixed")},
      {"undeclared", mail_with(good, "multipart/mixed; boundary=x")},
      {"other case", mail_with(good, "multipart/mixed; boundary=B")},
      {"prefix", mail_with(good, "multipart/mixed; boundary=b", "--bX")},
      {"another type", mail_with(good, "text/plain; boundary=b")},
      {"no type", mail_with(good, "x")},
      {"hidden", mail_with(good, "multipart/mixed; x=\"; boundary=b\"; boundary=c")},
      {"misspelt", mail_with(std::string(octets) + "Content-Transfer-Encoding: x-base64")},
      {"several", mail_with(std::string(octets) + "Content-Transfer-Encoding: quoted-printable, base64")}};
  for (const auto& [name, mail] : cases) EXPECT_THAT(contents(mail), Contains("PAYLOAD")) << name;
}

TEST(Reader, PartsBehindTheEndAndBeforeTheBeginning) {
  const std::string part =
      octets + std::string("Content-Transfer-Encoding: base64\r\n\r\n") + std::string(payload) + "\r\n";
  const std::string head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  EXPECT_THAT(contents(head + "--b\r\n\r\nhi\r\n--b--\r\n--b\r\n" + part), Contains("PAYLOAD"));
  EXPECT_THAT(contents(head + part + "--b\r\n\r\nhi\r\n--b--\r\n"), Contains("PAYLOAD"));
  EXPECT_THAT(contents(head + "--b\r\n\r\nhi\r\n--b--\r\n" + part), Contains("PAYLOAD"));
  EXPECT_THAT(contents(head + "--b\r\n\r\nhi\r\n--b--\r\nFrom: a@b\r\nSubject: t\r\n" + part),
              Contains("PAYLOAD"));
  EXPECT_THAT(contents(head + "--b\r\n\r\nhi\r\n--b--\r\nX-Second: 1\r\n" + part), Contains("PAYLOAD"));
}

TEST(Reader, PartsThatTakeTheirMultipartsEncoding) {
  const std::string mail =
      "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n" +
      std::string(octets) + "\r\n" + std::string(payload) + "\r\n--b--\r\n";
  EXPECT_THAT(contents(mail), Contains("PAYLOAD"));
  EXPECT_THAT(flags(mail), Contains("CTE_ON_COMPOSITE"));
}

TEST(Reader, MultipartThatIsEncodedAsAWhole) {
  // "--b\r\n\r\nPAYLOAD\r\n--b--\r\n"
  const std::string mail =
      "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "LS1iDQoNClBBWUxPQUQNCi0tYi0tDQo=\r\n";
  EXPECT_THAT(contents(mail), Contains("PAYLOAD"));
}

TEST(Reader, FilesThatStandInATextByOldEncodings) {
  const std::string head = "Subject: t\r\n\r\nhi\r\n\r\n";
  EXPECT_THAT(contents(head + "begin 644 p.exe\r\n'4$%93$]!1```\r\n`\r\nend\r\nbye\r\n"),
              Contains("PAYLOAD"));
  EXPECT_THAT(contents(head + "=ybegin line=128 size=7 name=p.exe\r\nzk\x83vykn\r\n=yend size=7\r\n"),
              Contains("PAYLOAD"));
  EXPECT_THAT(contents("Content-Transfer-Encoding: x-uuencode\r\n\r\n'4$%93$]!1```\r\n"),
              Contains("PAYLOAD"));
  EXPECT_THAT(flags(head + "begin 644 p.exe\r\n'4$%93$]!1```\r\n`\r\nend\r\n"), ElementsAre("UU_IN_TEXT"));
  EXPECT_THAT(flags(head + "begin with this\r\nand go on\r\n"), IsEmpty());
}

TEST(Reader, UuencodedFileThatADelimiterCutsInTwo) {
  EXPECT_THAT(
      contents(
          "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbegin 644 p.exe\r\n--b\r\nX: 1\r\n\r\n"
          "'4$%93$]!1```\r\n`\r\nend\r\n--b--\r\n"),
      Contains("PAYLOAD"));
}

TEST(Reader, LeavesHaveTheirNames) {
  struct Names : LeafVisitor {
    void leaf(const Leaf& leaf) override { names.insert(names.end(), leaf.names.begin(), leaf.names.end()); }
    std::vector<std::string> names;
  } seen;
  (void)read_message(
      mail_with("Content-Type: application/octet-stream; name=one.txt\r\n"
                "Content-Disposition: attachment; filename=two.exe\r\nContent-Transfer-Encoding: base64"),
      seen);
  (void)read_message("Subject: t\r\n\r\nbegin 644 three.exe\r\n#0V%T\r\nend\r\n", seen);
  EXPECT_THAT(seen.names, ElementsAre("one.txt", "two.exe", "three.exe"));
}

TEST(Reader, MailQuotedInATextIsReadAndItsFaultsAreNobodysDoubt) {
  const std::string quoted = "From: a@example.org\r\nSubject: quoted\r\n> no field\r\n\r\nPAYLOAD";
  EXPECT_THAT(leaves("Subject: t\r\n\r\n" + quoted), Contains("1.1|message|text/plain|PAYLOAD"));
  EXPECT_THAT(flags("Subject: t\r\n\r\n" + quoted), IsEmpty());
  EXPECT_THAT(flags("Content-Type: message/rfc822\r\n\r\n" + quoted), ElementsAre("JUNK_IN_HEADER"));
}

TEST(Reader, SameBytesAreShownOnce) {
  const std::string part =
      octets + std::string("Content-Transfer-Encoding: base64\r\n\r\n") + std::string(payload);
  const std::string mail = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + "\r\n--b\r\n" +
                           part + "\r\n--b--\r\n";
  EXPECT_THAT(contents(mail), ElementsAre("PAYLOAD"));
}

TEST(Reader, PiecesAndContentFromElsewhereAreFlagged) {
  EXPECT_THAT(
      flags("Content-Type: message/partial; id=\"x@y\"; number=1; total=2\r\n\r\nSubject: t\r\n\r\nhi"),
      ElementsAre("MESSAGE_PARTIAL"));
  EXPECT_THAT(flags("Content-Type: message/external-body; access-type=URL; URL=\"http://h.example/p\"\r\n\r\n"
                    "Content-Type: text/plain\r\n\r\nhi"),
              ElementsAre("EXTERNAL_BODY"));
}

TEST(Reader, PiecesAndContentFromElsewhereAreFlaggedHoweverTheyAreSpelt) {
  const std::string piece = "; id=\"x@y\"; number=1; total=2\r\n\r\nSubject: t\r\n\r\nhi";
  for (const std::string type : {"MESSAGE/Partial", "message / partial", "message(c)/partial",
                                 "message/\r\n partial", "text/plain, message/partial", "message/partial(c)"})
    EXPECT_THAT(flags("Content-Type: " + type + piece), Contains("MESSAGE_PARTIAL")) << type;
  EXPECT_THAT(flags("Content-Type: text/plain\r\nContent-Type: message/partial" + piece),
              Contains("MESSAGE_PARTIAL"));
  EXPECT_THAT(
      flags(
          "Content-Transfer-Encoding: base64\r\nContent-Type: Message/External-Body; access-type=URL\r\n\r\n"
          "Q29udGVudC1UeXBlOiB0ZXh0L3BsYWluDQoNCmhp\r\n"),
      ElementsAre("EXTERNAL_BODY", "CTE_ON_MESSAGE"));
}

// The body that it tells of isn't there, but some programs show what stands in its place (RFC 2046 5.2.3).
TEST(Reader, PhantomBodyIsRead) {
  EXPECT_THAT(
      contents("Content-Type: message/external-body; access-type=URL; URL=\"http://h.example/p\"\r\n\r\n"
               "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
               std::string(payload)),
      Contains("PAYLOAD"));
}

TEST(Reader, LimitsEndInIncomplete) {
  Collector collector;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "Content-Type: message/rfc822\r\n\r\n";
  const ReadMessage nested = read_message(deep + "\r\nhi", collector, {.depth = 20});
  EXPECT_FALSE(nested.complete);
  EXPECT_TRUE(nested.oddities.has(Ambiguity::limit_depth));
  std::string wide = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 100; ++i) wide += "--b\r\n\r\n" + std::to_string(i) + "\r\n";
  const ReadMessage parts = read_message(wide, collector, {.parts = 50});
  EXPECT_FALSE(parts.complete);
  EXPECT_TRUE(parts.oddities.has(Ambiguity::limit_parts));
  const ReadMessage bytes =
      read_message(mail_with("Content-Transfer-Encoding: base64"), collector, {.decoded_bytes = 3});
  EXPECT_FALSE(bytes.complete);
  EXPECT_TRUE(bytes.oddities.has(Ambiguity::limit_size));
  const ReadMessage looks = read_message(wide, collector, {.looks = 0, .looked_at_besides = 10});
  EXPECT_FALSE(looks.complete);
  EXPECT_TRUE(looks.oddities.has(Ambiguity::limit_views));
  EXPECT_TRUE(read_message(wide, collector).complete);
}

// The same base64 is declared by the message and found in its text.
TEST(Reader, OfAnEncodedMessageItsOwnReadingComesFirst) {
  const std::string head = "Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string digits = "UEsDBDAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODlBQkNE";
  const std::string zip =
      "PK\3\4"
      "0123456789012345678901234567890123456789ABCD";
  const auto wrapped = [](const std::string& message) {
    return "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + message;
  };
  const auto quoted = [](const std::string& message) {
    return "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + message;
  };
  EXPECT_THAT(leaves(wrapped(head + digits)), Contains("1.1||application/zip|" + zip));
  EXPECT_THAT(leaves(quoted("Subject: t\r\n" + wrapped(head + digits))),
              Contains(testing::AllOf(testing::HasSubstr("||application/zip|"), testing::EndsWith(zip))));
  EXPECT_THAT(contents(quoted("no header at all\r\n" + digits + "\r\n")), Contains(zip))
      << "what no part of it holds is found all the same";
}

TEST(Reader, FlagsOfWhatIsDecodedStandWhereThatStands) {
  // "X: a\rY: b\r\n\r\nhi" in base64.
  const std::string encoded = "WDogYQ1ZOiBiDQoNCmhp";
  const std::string mail =
      "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      encoded + "\r\n--b--\r\n";
  Collector collector;
  const ReadMessage read = read_message(mail, collector);
  ASSERT_TRUE(read.oddities.has(Ambiguity::bare_cr)) << mail;
  for (const Oddity& oddity : read.oddities.list()) {
    if (oddity.flag == Ambiguity::bare_cr) {
      EXPECT_EQ(mail.substr(oddity.first.begin, oddity.first.size()), encoded);
    }
  }
}

TEST(Reader, TextBeforeThePartsThatOnlyHoldsFieldsIsNobodysDoubt) {
  // A subject that is folded over a line of blanks, as git writes it: behind that line a body begins to some.
  const std::string mail =
      "From: a@example.org\r\nSubject: word    \r\n    \r\n   far behind\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n";
  EXPECT_THAT(flags(mail), IsEmpty());
}

TEST(Reader, AFieldThatIsAnEncodedWordHasAColon) {
  const std::string mail =
      mail_with(std::string(octets) +
                "Content-Disposition: =?utf-8?q?attachment=3B_filename=3D=22a=2Epng=22?=\r\n"
                "Content-Transfer-Encoding: base64");
  EXPECT_THAT(flags(mail), IsEmpty());
}

TEST(Reader, BytesThatHaveBeenShownAreShownUnderNewNames) {
  class Names final : public LeafVisitor {
   public:
    void leaf(const Leaf& leaf) override {
      if (leaf.bytes == "PAYLOAD") names.push_back(leaf.names);
    }
    std::vector<std::vector<std::string>> names;
  };
  const auto part = [](const std::string& name) {
    return "--b\r\nContent-Type: application/octet-stream; name=" + name +
           "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + std::string(payload) + "\r\n";
  };
  Names visitor;
  (void)read_message("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part("a.txt") + part("b.exe") +
                         part("a.txt") + "--b--\r\n",
                     visitor);
  EXPECT_THAT(visitor.names, ElementsAre(ElementsAre("a.txt"), ElementsAre("b.exe")));
}

}  // namespace
}  // namespace rastel::message
