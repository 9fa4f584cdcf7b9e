// SPDX-License-Identifier: GPL-2.0-only
// Messages that come in pieces, put together where all of them lie in one message.
#include "message/partial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/oddities_for_test.hpp"
#include "message/reader.hpp"

namespace rastel::message {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Shown : LeafVisitor {
  void leaf(const Leaf& leaf) override {
    lines.push_back(leaf.path + '|' + leaf.reading + '|' + leaf.type + '|' + std::string(leaf.bytes));
  }
  std::vector<std::string> lines;
};

// Of what was put together alone.
std::vector<std::string> wholes(const std::string& message) {
  Shown shown;
  EXPECT_TRUE(read_message(message, shown).complete);
  std::erase_if(shown.lines, [](const std::string& line) {
    return line.find("partial") > line.find('|', line.find('|') + 1);
  });
  return shown.lines;
}

std::string piece(const std::string& parameters, const std::string& body, const std::string& fields = "") {
  return "From: a@example.org\r\n" + fields + "Content-Type: message/partial; id=\"x@y\"; " + parameters +
         "\r\n\r\n" + body;
}

std::string digest_of(const std::vector<std::string>& mails) {
  std::string digest = "MIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n";
  for (const std::string& mail : mails) digest += "--b\r\n\r\n" + mail + "\r\n";
  return digest + "--b--\r\n";
}

const std::string first =
    piece("number=1; total=2",
          "Subject: within\r\nX-Dropped: x\r\nContent-Type: application/octet-stream\r\n"
          "Content-Transfer-Encoding: base64\r\n\r\nUEFZ\r\n",
          "Subject: around\r\nX-Kept: k\r\n\tfolded\r\nMIME-Version: 1.0\r\n");
const std::string second = piece("number=2; total=2", "TE9BRA==\r\n", "Subject: 2\r\n");

// RFC 2046 5.2.2.1
TEST(Partial, WholeOfItsPieces) {
  const std::string whole =
      "From: a@example.org\r\nX-Kept: k\r\n\tfolded\r\nSubject: within\r\n"
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\nUEFZ\r\nTE9BRA==\r\n";
  EXPECT_THAT(wholes(digest_of({first, second})),
              ElementsAre("1.1|partial 1.1+2.1|message/rfc822|" + whole,
                          "1.1.1|partial|application/octet-stream|PAYLOAD"));
  EXPECT_THAT(wholes(digest_of({second, "Subject: t\r\n\r\nhi\r\n", first})),
              Contains("3.1|partial 3.1+1.1|message/rfc822|" + whole));
  EXPECT_THAT(wholes("From a\r\n" + first + "\r\nFrom b\r\n" + second), IsEmpty()) << "a mail, no mailbox";
  EXPECT_THAT(wholes("Content-Type: application/mbox\r\n\r\nFrom a\r\n" + first + "\r\nFrom b\r\n" + second),
              Contains(EndsWith("|PAYLOAD")));
}

TEST(Partial, WithoutAllOfThemThereIsNone) {
  EXPECT_THAT(wholes(first), IsEmpty());
  EXPECT_THAT(wholes(digest_of({first, first})), IsEmpty());
  const std::string rest = "TE9BRA==\r\n";
  for (const char* parameters : {"number=2", "number=3; total=3", "number=2; total=3", "number=0; total=2",
                                 "number=x; total=2", "number=99999999999999999999; total=2", "total=2"})
    EXPECT_THAT(wholes(digest_of({piece("number=1", "\r\nUEFZ\r\n"), piece(parameters, rest)})), IsEmpty())
        << parameters;
  EXPECT_THAT(
      wholes(digest_of({first, "Content-Type: message/partial; id=z; number=2; total=2\r\n\r\n" + rest})),
      IsEmpty());
  EXPECT_THAT(wholes(digest_of({piece("number=1", "\r\nUEFZ\r\n"), piece("number=2; total=2", rest)})),
              Not(IsEmpty()));
  EXPECT_THAT(wholes(piece("number=1; total=1", "\r\nhi\r\n")), Contains(StartsWith("1|partial 1|")));
}

// Who of two says the truth isn't known.
TEST(Partial, TwoPiecesOfANumberAndTwoTotalsAreTwoReadings) {
  const auto twice = wholes(digest_of({first, second, piece("number=2; total=2", "T1RIRVI=\r\n")}));
  EXPECT_THAT(twice, Contains(EndsWith("|PAYLOAD")));
  EXPECT_THAT(twice, Contains(EndsWith("|PAYOTHER")));
  const auto totals = wholes(digest_of({first, second, piece("number=3; total=3", "T1RI\r\n")}));
  EXPECT_THAT(totals, Contains(StartsWith("1.1|partial 1.1+2.1|")));
  EXPECT_THAT(totals, Contains(StartsWith("1.1|partial 1.1+2.1+3.1|")));
}

TEST(Partial, PiecesOfPieces) {
  const std::string inner =
      "Content-Type: message/partial; id=in; number=1; total=1\r\n\r\nSubject: t\r\n\r\nPAYLOAD\r\n";
  EXPECT_THAT(wholes(digest_of({piece("number=1; total=2", inner.substr(0, 40)),
                                piece("number=2; total=2", inner.substr(40))})),
              Contains(EndsWith("|text/plain|PAYLOAD\r\n")));
  // A whole that is a piece of itself.
  EXPECT_THAT(wholes(piece("number=1; total=1", piece("number=1; total=1", "\r\nhi"))), Not(IsEmpty()));
}

// RFC 2046 5.2.2 forbids them another encoding; programs decode it all the same.
TEST(Partial, EncodedPieces) {
  EXPECT_THAT(wholes(digest_of(
                  {piece("number=1; total=2", "DQpQQVk=\r\n", "Content-Transfer-Encoding: base64\r\n"),
                   piece("number=2; total=2", "TE9BRA==\r\n", "Content-Transfer-Encoding: base64\r\n")})),
              Contains(EndsWith("|text/plain|PAYLOAD")));
}

TEST(Partial, ManyPiecesTakeLinearTime) {
  std::vector<std::string> many;
  for (int i = 1; i <= 900; ++i)
    many.push_back(
        piece("number=" + std::to_string(i) + "; total=900", i == 1 ? "\r\n" : std::to_string(i) + "\r\n"));
  EXPECT_THAT(wholes(digest_of(many)), Contains(EndsWith("\r\n899\r\n900\r\n")));
  many.clear();
  for (int i = 1; i <= 1500; ++i)
    many.push_back("From: a\r\nContent-Type: message/partial; id=" + std::to_string(i) +
                   "; number=1; total=1\r\n\r\n\r\n" + std::to_string(i) + "\r\n");
  EXPECT_THAT(wholes(digest_of(many)), Contains(EndsWith("\r\n\r\n1500\r\n")));
}

TEST(Partial, WhatIsPutTogetherIsBounded) {
  std::vector<std::string> many;
  for (int i = 1; i <= 100; ++i)
    many.push_back("Content-Type: message/partial; id=" + std::to_string(i) +
                   "; number=1; total=1\r\n\r\n\r\n" + std::string(10'000, 'x') + std::to_string(i) + "\r\n");
  Shown shown;
  ReaderLimits limits;
  limits.decoded_bytes = 100'000;
  const ReadMessage read = read_message(digest_of(many), shown, limits);
  EXPECT_FALSE(read.complete);
  EXPECT_THAT(codes_for_test(read.oddities), Contains("LIMIT_SIZE"));
}

}  // namespace
}  // namespace rastel::message
