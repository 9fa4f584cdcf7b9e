// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/explain_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::scan {
namespace {

MessagePointer message_of(std::string_view bytes) {
  const auto message = message_from_bytes(bytes, "/tmp");
  EXPECT_TRUE(message);
  return message.value_or(nullptr);
}

Part part_of(std::string path, std::string reading, std::string type) {
  Part part{.path = std::move(path), .reading = std::move(reading), .type = std::move(type)};
  part.sha256 = sha256("x");
  return part;
}

Explained made() {
  Explained message;
  message.name = "invoice.eml";
  message.size = 20480;
  message.sha256 = sha256("m").hex();
  message.result.message_class = MessageClass::infected;
  message.result.action = Action::reject;
  message.result.finding = "Eicar-Test-Signature";
  message.result.ms = 12;
  Report& report = message.result.report;
  report.engine_version = "ClamAV 1.4.6";
  report.signature_version = "27123";
  report.findings = {{FindingKind::signature, "Eicar-Test-Signature"}, {FindingKind::macros, "Macros"}};
  report.parts = {part_of("1", "", "text/plain"), part_of("2.1", "", "application/pdf"),
                  part_of("2.1", "prefix base64", "application/pdf")};
  report.parts[0].size = 1;
  report.parts[1].true_types = {"application/zip"};
  report.parts[1].names = {"invoice.pdf", "invoice.zip"};
  report.parts[1].members = {"a.exe", "b.txt", "c", "d", "e", "f", "g", "h", "i", "j"};
  report.parts[1].findings = {"Eicar-Test-Signature"};
  report.parts[1].looked = Part::Looked::alone;
  report.parts[1].size = 300'000;
  report.parts[2].looked = Part::Looked::not_needed;
  report.flags = {{Ambiguity::bare_cr, {12, 13}, 3}, {Ambiguity::base64_junk, {7, 8}, 1}};
  message.evidence = {{2, "Subject: a", "\r", "X: b\r\n"}, {}};
  return message;
}

TEST(Explain, AMessageWithEverything) {
  EXPECT_EQ(explanation(made(), false), R"(invoice.eml: infected (Eicar-Test-Signature)
  message    20 KiB, sha256 )" + sha256("m").hex() +
                                            R"(
  scanned    by ClamAV 1.4.6, signatures 27123, in 12 ms
  policy     reject

Findings
  signature  Eicar-Test-Signature
  macros     Macros

Parts
  1  text/plain
     1 byte, sha256 2d711642b726, scanned within the message
    2.1  application/pdf, in truth application/zip  "invoice.pdf"  "invoice.zip"
         292 KiB, sha256 2d711642b726, scanned by itself
         holds      a.exe, b.txt, c, d, e, f, g, h and 2 more
         found      Eicar-Test-Signature

Parts as others may read it: prefix base64
    2.1  application/pdf
         0 bytes, sha256 2d711642b726, not scanned by itself

Ambiguities
  BARE_CR  no honest program writes it, 3 times
      A CR without LF in a header: a line break to some, a character to others.
      line 2, byte 12  Subject: a«\r»X: b\r\n
  B64_JUNK  honest mail has it too
      Characters between base64 digits that are none.
      at byte 7
)");
}

TEST(Explain, ColoursOnlyWhereTheyAreWanted) {
  EXPECT_EQ(explanation(made(), false).find('\x1b'), std::string::npos);
  EXPECT_NE(explanation(made(), true).find("\x1b[31minfected\x1b[0m"), std::string::npos);
}

TEST(Explain, ACleanMessageIsShort) {
  Explained message;
  message.name = "-";
  message.result.message_class = MessageClass::clean;
  message.result.action = Action::pass;
  EXPECT_EQ(explanation(message, false), "-: clean\n  message    0 bytes, sha256 \n  policy     pass\n");
}

TEST(Explain, HostileTextIsEscaped) {
  Explained message = made();
  const std::string hostile =
      "\x1b]0;owned\a\r\n\u202e\x9b"
      "31m";
  Report& report = message.result.report;
  report.parts[1].names = report.parts[1].members = report.parts[1].findings =
      report.parts[1].true_types = {hostile};
  report.parts[1].path = report.parts[1].type = report.parts[2].reading = report.engine_version = hostile;
  report.findings[0].name = message.result.finding = hostile;
  message.evidence[0].before = message.evidence[0].bytes = message.evidence[0].after = hostile;
  const std::string text = explanation(message, false);
  for (const char* bad : {"\x1b", "\a", "\r", "\u202e", "\x9b"}) EXPECT_EQ(text.find(bad), std::string::npos);
  EXPECT_NE(text.find("\\x1b]0;owned\\x07\\r\\n"), std::string::npos) << text;
}

TEST(Evidence, TheBytesWithTheirLineAndAFewBefore) {
  const auto message = message_of("one\ntwo\r\nthree \rfour\n" + std::string(200, 'x'));
  const auto all = evidence_of(*message, {{Ambiguity::bare_cr, {15, 16}, 1},
                                          {Ambiguity::mixed_line_ends, {3, 4}, 1},
                                          {Ambiguity::long_header_line, {21, 221}, 1},
                                          {Ambiguity::base64_junk, {220, 222}, 1},
                                          {Ambiguity::no_boundary, {}, 1},
                                          {Ambiguity::bad_quoting, {5, 4}, 1}});
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[0].line, 3U);
  EXPECT_EQ(all[0].bytes, "\r");
  EXPECT_EQ(all[0].before, "one\ntwo\r\nthree ");
  EXPECT_EQ(all[0].after, "four\n" + std::string(19, 'x'));
  EXPECT_EQ(all[1].line, 1U);
  EXPECT_EQ(all[1].before, "one");
  EXPECT_EQ(all[1].bytes, "\n");
  EXPECT_EQ(all[2].line, 4U);
  EXPECT_EQ(all[2].bytes, std::string(64, 'x'));
  EXPECT_EQ(all[2].left_out, 136U);
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(all[i].line, 0U) << "not in the message: " << i;
}

}  // namespace
}  // namespace rastel::scan
