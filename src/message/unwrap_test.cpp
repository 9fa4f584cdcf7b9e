// SPDX-License-Identifier: GPL-2.0-only
// What each wrapper becomes in the hands of the reader; the wrappers themselves have tests of their own.
#include "message/unwrap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"
#include "message/reader.hpp"

namespace rastel::message {
namespace {

using namespace std::string_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

struct Shown : LeafVisitor {
  void leaf(const Leaf& leaf) override {
    std::string line = leaf.path + '|' + leaf.reading + '|' + leaf.type + '|' + std::string(leaf.bytes);
    for (const std::string& name : leaf.names) line += '|' + name;
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

std::vector<std::string> leaves(const std::string& message) {
  Shown shown;
  (void)read_message(message, shown);
  return shown.lines;
}

std::vector<std::string> flags(const std::string& message) {
  Shown shown;
  return codes_for_test(read_message(message, shown).oddities);
}

const std::string text = "Subject: t\r\n\r\n";
constexpr auto binary = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";

TEST(Unwrap, Base64ThatNothingDeclares) {
  const std::string digits = "UEsDBDAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODlBQkNE";
  const std::string bytes =
      "PK\3\4"
      "0123456789012345678901234567890123456789ABCD";
  EXPECT_THAT(leaves(text + "Look:\r\n" + digits + "\r\n"),
              Contains("1|carved|application/octet-stream|" + bytes));
  // Of what stands before the first part of a multipart, too.
  EXPECT_THAT(
      leaves("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + digits + "\r\n--b\r\n\r\nhi\r\n--b--\r\n"),
      Contains("?1|carved|application/octet-stream|" + bytes));
  EXPECT_THAT(flags(text + digits), IsEmpty());
}

TEST(Unwrap, FilesBehindJunk) {
  // base64 of "junk" and a ZIP's magic
  EXPECT_THAT(
      leaves(binary + "anVua1BLAwRQQVlMT0FE"s),
      ElementsAre("1|carved|application/zip|PK\3\4PAYLOAD", "1||application/octet-stream|junkPK\3\4PAYLOAD"));
}

TEST(Unwrap, GzipWhereTheEncodingSaysSo) {
  const std::string packed = "H4sIAAAAAAAAAwtwjPTxd3QBAA+UaX0HAAAA\r\n";
  for (const std::string encoding : {"x-gzip64", "gzip64", "X-GZip-64", "base64, gzip"})
    EXPECT_THAT(leaves("Content-Transfer-Encoding: " + encoding + "\r\n\r\n" + packed),
                Contains(testing::HasSubstr("gzip|application/octet-stream|PAYLOAD")))
        << encoding;
  EXPECT_THAT(leaves("Content-Transfer-Encoding: base64\r\n\r\n" + packed), testing::SizeIs(1));
}

TEST(Unwrap, MessagesOfAMailbox) {
  const std::string mailbox =
      "From a Thu Jan  1 00:00:00 1970\r\nSubject: one\r\n\r\nONE\r\n"
      "From b Thu Jan  1 00:00:00 1970\r\nSubject: two\r\nDate: x\r\n\r\nTWO\r\n";
  const std::vector<std::string> all = leaves("Content-Type: application/mbox\r\n\r\n" + mailbox);
  EXPECT_THAT(all, Contains("1.1|mbox|text/plain|ONE\r\n"));
  EXPECT_THAT(all, Contains("1.1|mbox|text/plain|TWO\r\n"));
  EXPECT_THAT(flags("Content-Type: application/mbox\r\n\r\n" + mailbox), IsEmpty());
}

TEST(Unwrap, PartsOfAnAppleDouble) {
  // One entry, the real name: "a.exe"
  EXPECT_THAT(leaves("Content-Type: application/applefile\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                     "AAUWBwACAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAADAAAAJgAAAAVhLmV4ZQ==\r\n"),
              ElementsAre(testing::EndsWith("|a.exe")));
}

// RFC 1740 5: the data is saved under the name that the header tells, whichever part comes first.
TEST(Unwrap, NameOfAnAppleDoubleIsItsDatasToo) {
  const std::string begin = "Content-Type: multipart/appledouble; boundary=b\r\n\r\n";
  const std::string header =
      "--b\r\nContent-Type: application/applefile; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "AAUWBwACAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAADAAAAJgAAAAVhLmV4ZQ==\r\n";
  const std::string data = "--b\r\nContent-Type: application/octet-stream; name=y\r\n\r\nPAYLOAD\r\n";
  EXPECT_THAT(leaves(begin + header + data + "--b--\r\n"),
              ElementsAre(testing::EndsWith("|x|a.exe"), "2||application/octet-stream|PAYLOAD|y|a.exe"));
  EXPECT_THAT(leaves(begin + data + header + "--b--\r\n"),
              ElementsAre("1||application/octet-stream|PAYLOAD|y",
                          "1||application/octet-stream|PAYLOAD|a.exe", testing::EndsWith("|x|a.exe")));
  // In another multipart they are strangers, and so is what lies deeper.
  EXPECT_THAT(leaves("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + header + data + "--b--\r\n"),
              Contains("2||application/octet-stream|PAYLOAD|y"));
  EXPECT_THAT(
      leaves(begin + header + "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nhi\r\n" +
             "--c--\r\n--b--\r\n"),
      Contains("2.1||text/plain|hi"));
}

TEST(Unwrap, AppleDoublesOfManyPartsAreBounded) {
  std::string many = "Content-Type: multipart/appledouble; boundary=b\r\n\r\n";
  for (int i = 0; i < 100; ++i) many += "--b\r\n\r\n" + std::to_string(i) + "\r\n";
  EXPECT_THAT(flags(many + "--b--\r\n"), ElementsAre("LIMIT_VIEWS"));
}

TEST(Unwrap, SignedMessage) {
  // Signed data (X.690's indefinite lengths) of "Content-Type: text/html\r\n\r\nPAYLOAD"
  const std::string mail =
      "Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "MIAGCSqGSIb3DQEHAqCAMIACAQExADCABgEqoIAEIkNvbnRlbnQtVHlwZTogdGV4dC9odG1sDQoNClBBWUxPQUQ=\r\n";
  EXPECT_THAT(leaves(mail), Contains("1.1|smime message|text/html|PAYLOAD"));
  EXPECT_THAT(flags(mail), IsEmpty());
}

TEST(Unwrap, FilesInACalendarAndAPage) {
  EXPECT_THAT(
      leaves("Content-Type: "
             "text/calendar\r\n\r\nATTACH;FMTTYPE=a/b;FILENAME=x.exe;ENCODING=BASE64:UEFZTE9BRA==\r\n"),
      Contains("1|icalendar|a/b|PAYLOAD|x.exe"));
  EXPECT_THAT(
      leaves("Content-Type: text/html\r\n\r\n<a href='data:a/b;base64,UEFZTE9BRA==' download='x.exe'>"),
      Contains("1|data-uri|a/b|PAYLOAD|x.exe"));
}

TEST(Unwrap, NameThatTurnsRoundIsFlaggedWhereverItStands) {
  EXPECT_THAT(
      flags("Content-Type: text/html\r\n\r\n<a href='data:a/b,PAYLOAD' download='x\xe2\x80\xaegnp.exe'>"),
      ElementsAre("BIDI_IN_NAME"));
}

TEST(Unwrap, RoomIsShared) {
  Shown shown;
  const ReadMessage read = read_message(text + "'data:,aaaa' 'data:,bbbb'", shown, {.decoded_bytes = 7});
  EXPECT_FALSE(read.complete);
  EXPECT_TRUE(read.oddities.has(Ambiguity::limit_size));
}

}  // namespace
}  // namespace rastel::message
