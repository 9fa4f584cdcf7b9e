// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/header_scanner.hpp"

#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel {
namespace {

struct Scanned {
  std::string out, message_id, subject;
  std::uint32_t received = 0, forged = 0;
  std::uint64_t below_trace = 0;
  Digest key;
  bool operator==(const Scanned&) const = default;
};

void PrintTo(const Scanned& scanned, std::ostream* stream) {
  *stream << testing::PrintToString(scanned.out.substr(0, 400)) << " received " << scanned.received
          << " forged " << scanned.forged << " id " << scanned.message_id << " subject " << scanned.subject
          << " below " << scanned.below_trace;
}

Scanned scan(std::string_view bytes) {
  const Scanned result = for_test::in_all_pieces(bytes, [](const for_test::Pieces& pieces) {
    HeaderScanner scanner("X-Rastel");
    Scanned scanned;
    std::size_t number = 0;
    for (const std::string_view piece : pieces) {
      if (scanner.in_body() && ++number % 2 == 0) {  // both ways, in turn
        scanned.out += piece;
        scanner.pass(piece);
      } else {
        scanner.feed(piece, scanned.out);
      }
    }
    scanner.finish(scanned.out);
    scanned.message_id = scanner.message_id();
    scanned.subject = scanner.subject();
    scanned.received = scanner.received_fields();
    scanned.forged = scanner.forged_fields();
    scanned.below_trace = scanner.below_trace();
    scanned.key = scanner.retry_key();
    return scanned;
  });
  // Whatever came in: the key is the digest of all that was put out below the trace.
  EXPECT_LE(result.below_trace, result.out.size());
  EXPECT_EQ(result.key, sha256(std::string_view(result.out).substr(result.below_trace)));
  return result;
}

const std::string trace = "Return-Path: <a@b>\r\nReceived: from x\r\n\tby y; today\r\nReceived: from z\r\n";

TEST(HeaderScanner, LeavesAMessageAsItIs) {
  for (const std::string& message :
       {std::string(), std::string("\r\n"), std::string("x"), std::string("\r\nbody\r\n"),
        std::string("Subject: header only\r\n"), std::string("no header at all\r\nX-Other: 1\r\n"),
        "From: a\r\n\r\nX-Rastel: in the body\r\n" + trace, std::string("Subject: cut"),
        std::string("From someone@host Mon\r\nSubject: mbox\r\n\r\n"), std::string(" folded first\r\n\r\nx"),
        std::string("A:\n\nbare\n"), std::string(":\r\n:x\r\n"), std::string("\r")}) {
    EXPECT_EQ(scan(message).out, message);
    EXPECT_EQ(scan(message).forged, 0U);
  }
}

TEST(HeaderScanner, DropsForgedFieldsOfOurs) {
  const std::string rest = "From: a\r\n\r\nbody\r\n";
  for (const std::string forged : {"X-Rastel: clean\r\n", "x-rAsTeL:clean\r\n", "X-Rastel : clean\r\n",
                                   "X-Rastel\t :\r\n", "X-Rastel: a\r\n\tfolded\r\n b\r\n",
                                   "X-Rastel: a\r\n \r\n\tb\r\n", "X-Rastel:\r\n", "X-Rastel: bare\n"}) {
    for (const std::string& message : {forged + rest, "Subject: s\r\n" + forged + rest}) {
      const auto scanned = scan(message);
      EXPECT_EQ(scanned.out, message.starts_with("Subject") ? "Subject: s\r\n" + rest : rest) << forged;
      EXPECT_EQ(scanned.forged, 1U);
    }
  }
  EXPECT_EQ(scan("X-Rastel: a\r\nX-Rastel: b\r\n" + rest).forged, 2U);
  EXPECT_EQ(scan("X-Rastel: a").out, "");
  EXPECT_EQ(scan("X-Rastel: a\r\n\r\nbody").out, "\r\nbody");
  // Too long to be looked at whole, dropped whole all the same, with what is folded behind it.
  EXPECT_EQ(
      scan("X-Rastel: " + std::string(5000, 'x') + "\r\n " + std::string(3000, 'y') + "\r\n" + rest).out,
      rest);
}

TEST(HeaderScanner, LeavesOthersFields) {
  for (const std::string field : {"X-Rastel-Score: 1\r\n", "X-Rastelx: 1\r\n", "X-Ras tel: 1\r\n",
                                  "X-Rastel\r\n", "X-Rastel = a: b\r\n", " X-Rastel: folded\r\n",
                                  "Authentication-Results: rastel\r\n", "X-Rastel\xc2\xa0: x\r\n"})
    EXPECT_EQ(scan("A: b\r\n" + field + "\r\n").out, "A: b\r\n" + field + "\r\n") << field;
}

TEST(HeaderScanner, CountsHops) {
  EXPECT_EQ(scan(trace + "Subject: x\r\nreceived : late\r\n\r\nReceived: in the body\r\n").received, 3U);
  std::string many;
  for (int i = 0; i < 60; ++i) many += "Received: from " + std::to_string(i) + "\r\n";
  EXPECT_EQ(scan(many + "\r\n").received, 60U);
}

TEST(HeaderScanner, KeepsMessageIdAndSubjectForTheLog) {
  const auto scanned = scan(
      "SUBJECT:  Hello\r\n  world \r\nOther: x\r\n folded\r\nMessage-ID:\r\n <1@x>\r\nSubject: "
      "second\r\n\r\nSubject: body\r\n");
  EXPECT_EQ(scanned.subject, "Hello world");
  EXPECT_EQ(scanned.message_id, "<1@x>");
  const auto bounded = scan("Subject: " + std::string(900, 'x') + "\r\n " + std::string(900, 'y') + "\r\n " +
                            std::string(900, 'z') + "\r\n\r\n");
  EXPECT_EQ(bounded.subject.size(), 998U);
}

TEST(HeaderScanner, TheRetryKeyIgnoresTheLeadingTrace) {
  const std::string rest = "From: a\r\n\r\nbody\r\n";
  const auto plain = scan(rest);
  EXPECT_EQ(plain.below_trace, 0U);
  EXPECT_EQ(scan(trace + rest).key, plain.key);
  EXPECT_EQ(scan(trace + rest).below_trace, trace.size());
  // A forged field of ours within the run isn't part of the message.
  EXPECT_EQ(scan("X-Rastel: a\r\n b\r\n" + trace + "X-Rastel: c\r\n" + trace + rest).key, plain.key);
  EXPECT_NE(scan(rest + "x").key, plain.key);
  EXPECT_NE(scan("From: a\r\n" + trace + "\r\nbody\r\n").key, plain.key);
}

// What may be content in disguise is part of the key: the verdict on another message must not answer for it.
TEST(HeaderScanner, OnlyStrictlyFormedTraceIsIgnored) {
  const std::string rest = "From: a\r\n\r\nbody\r\n";
  const auto plain = scan(rest).key;
  for (const std::string field :
       {"Received : from x\r\n", "Received: bare\n", "Received: \xff\r\n", "Received: a\x01\r\n",
        "Received: from x\r\n \r\n", "Received\r\n", "Received-SPF: pass\r\n", "Delivered-To: x\r\n"}) {
    EXPECT_NE(scan(field + rest).key, plain) << field;
    EXPECT_NE(scan(trace + field + rest).key, plain) << field;
  }
  EXPECT_NE(scan(" Received: x\r\n" + rest).key, plain);  // folded, but nothing is above it
  EXPECT_NE(scan("Received: " + std::string(2000, 'x') + "\r\n" + rest).key, plain);
  EXPECT_NE(scan("Received: " + std::string(2000, 'x') + "\r\n" + rest).key,
            scan("Received: " + std::string(2000, 'y') + "\r\n" + rest).key);
}

TEST(HeaderScanner, LinesAtTheBoundAreCutTheSameWay) {
  for (std::size_t length = HeaderScanner::longest_looked_at - 20;
       length < HeaderScanner::longest_looked_at + 20; ++length) {
    const std::string message =
        "Subject: " + std::string(length - 9, 's') + "\r\nX-Rastel: x\r\nReceived: y\r\n\r\nbody";
    const auto scanned = scan(message);
    EXPECT_EQ(scanned.out, "Subject: " + std::string(length - 9, 's') + "\r\nReceived: y\r\n\r\nbody");
    EXPECT_EQ(scanned.received, 1U);
  }
}

TEST(HeaderScanner, HoldsNoMoreThanALine) {
  HeaderScanner scanner("X-Rastel");
  std::string out;
  for (int i = 0; i < 100; ++i) {
    scanner.feed(std::string(64 * 1024, 'x'), out);
    ASSERT_GE(out.size() + HeaderScanner::longest_looked_at, 64UL * 1024 * (i + 1));
  }
}

}  // namespace
}  // namespace rastel
