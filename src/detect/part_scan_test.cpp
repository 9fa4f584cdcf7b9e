// SPDX-License-Identifier: GPL-2.0-only
// Parts that libclamav doesn't meet in a mail, although a mail program may.
#include "detect/part_scan.hpp"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"
#include "detect/text_digest.hpp"
#include "detect/zip_for_test.hpp"

namespace rastel::detect {
namespace {

const Part* part_of(const Report& report, std::string_view bytes) {
  for (const Part& part : report.parts)
    if (part.sha256 == sha256(bytes)) return &part;
  return nullptr;
}

std::string describe_parts(const Report& report) {
  std::string text;
  for (const Part& part : report.parts)
    text += part.path + " [" + part.reading + "] " + part.type + " " + std::to_string(part.size) + " " +
            std::string(to_string(part.looked)) + "\n";
  return text;
}

TEST(TextDigest, WhiteSpaceBetweenWordsIsWhiteSpace) {
  EXPECT_EQ(digest_of_words("a b\r\n\r\n c \r\n"), digest_of_words("a b\n\nc"));
  EXPECT_EQ(digest_of_words("\r\n\ta"), digest_of_words("a  "));
  EXPECT_NE(digest_of_words("ab"), digest_of_words("a b"));
  EXPECT_NE(digest_of_words("a"), digest_of_words("A"));
  EXPECT_EQ(digest_of_words(""), digest_of_words(" \n"));
  const std::string longer(10'000, 'x');
  EXPECT_EQ(digest_of_words(longer + " \n" + longer), digest_of_words(longer + "\r\n" + longer));
  EXPECT_NE(digest_of_words(longer + longer), digest_of_words(longer + "\r\n" + longer));
}

// Wherever a word or what is between two of them lies in what is hashed at once.
TEST(TextDigest, IsThatOfTheWordsWithASpaceBetweenThem) {
  EXPECT_EQ(digest_of_words(" \v\f"), sha256(""));
  for (const std::size_t length : {4090, 4091, 4092, 4093, 4094, 4095, 4096, 4097, 8190, 8191, 8192, 8193})
    for (const std::string_view between : {" ", "\r\n", "\t\t \n\n"}) {
      const std::string word(length, 'x');
      const std::string text = word + std::string(between) + word + std::string(between) + "y";
      EXPECT_EQ(digest_of_words(text), sha256(word + " " + word + " y")) << length;
      EXPECT_EQ(digest_of_words(std::string(between) + word + std::string(between)), sha256(word)) << length;
      EXPECT_EQ(digest_of_words(std::string(length, ' ') + "y" + std::string(length, ' ') + "z"),
                sha256("y z"));
    }
}

constexpr std::string_view ordinary =
    "From: a@example.org\r\nTo: b@example.net\r\nSubject: t\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
    "Good morning,\r\n\r\n\r\nhere is the file.   \r\n\r\n--b\r\nContent-Type: text/html\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>gr=C3=BCn</p>\r\n--b\r\n"
    "Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename=a.bin\r\n\r\nAAECAwQFBgcICQoLDA0ODw==\r\n--b--\r\n";

TEST(PartScan, AnOrdinaryMessageNeedsNoSecondLook) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const Report report = scan_for_test(*engine, ordinary);
  EXPECT_TRUE(report.complete() && report.findings.empty()) << describe(report);
  EXPECT_TRUE(report.flags.empty());
  ASSERT_EQ(report.parts.size(), 3U) << describe_parts(report);
  for (const Part& part : report.parts)
    EXPECT_EQ(part.looked, Part::Looked::in_message) << describe_parts(report);
  const Part& file = report.parts[2];
  EXPECT_EQ(file.path, "3");
  EXPECT_EQ(file.reading, "");
  EXPECT_EQ(file.type, "application/octet-stream");
  EXPECT_EQ(file.names, std::vector<std::string>{"a.bin"});
  EXPECT_EQ(file.size, 16U);
  EXPECT_EQ(ordinary.substr(file.body.begin, file.body.size()), "AAECAwQFBgcICQoLDA0ODw==");
  EXPECT_TRUE(ordinary.substr(file.entity.begin, file.entity.size()).starts_with("Content-Type: appl"));
}

std::string mail_with_encoding(std::string_view encoding_field) {
  return "From: a@example.org\r\nTo: b@example.net\r\nSubject: t\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
         "Content-Type: application/octet-stream\r\n" +
         std::string(encoding_field) + "\r\n\r\n" + base64(eicar()) + "\r\n--b--\r\n";
}

// In none of these does libclamav 1.4 find the payload by itself, but some mail program does.
TEST(PartScan, FindsWhatLibclamavDoesNotMeet) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const std::string spaces(2000, ' ');
  const std::pair<const char*, std::string> mails[] = {
      {"a field over three lines", mail_with_encoding("Content-Transfer-Encoding:\r\n \r\n base64")},
      {"white space", mail_with_encoding("Content-Transfer-Encoding:" + spaces + "base64")},
      {"an encoded message/global",
       "From: a@example.org\r\nTo: b@example.net\r\nMIME-Version: 1.0\r\nContent-Type: message/global\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\n" +
           base64(mail_with_encoding("Content-Transfer-Encoding: base64")) + "\r\n"}};
  for (const auto& [what, mail] : mails) {
    SCOPED_TRACE(what);
    const Report report = scan_for_test(*engine, mail);
    EXPECT_TRUE(has_signature(report)) << describe(report) << describe_parts(report);
    EXPECT_NE(part_of(report, eicar()), nullptr) << describe_parts(report);
    const auto found = std::ranges::find_if(report.parts, [](const Part& part) {
      return part.looked == Part::Looked::alone &&
             part.findings == std::vector<std::string>{"Eicar-Test-Signature"};
    });
    EXPECT_NE(found, report.parts.end()) << describe_parts(report);
  }
}

TEST(PartScan, AFindingIsSaidOfThePartThatHasIt) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const Report report = scan_for_test(*engine, mail_with_payload(eicar()));
  const Part* part = part_of(report, eicar());
  ASSERT_NE(part, nullptr) << describe_parts(report);
  EXPECT_EQ(part->findings, std::vector<std::string>{"Eicar-Test-Signature"});
  for (const Part& other : report.parts) {
    if (&other != part) {
      EXPECT_TRUE(other.findings.empty()) << other.path;
    }
  }
}

TEST(PartScan, WhatIsEncryptedIsSaidOfThePartAlsoBesideAVirus) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const std::string locked =
      zip_for_test({{.name = "locked.txt", .content = std::string(40, '\x7f'), .encrypted = true}});
  const std::string both =
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: text/plain\r\n\r\n" +
      std::string(eicar()) +
      "\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: binary\r\n\r\n" + locked +
      "\r\n--b--\r\n";
  for (const std::string& mail : {both, mail_with_attachment("a.zip", locked)}) {
    const Report report = scan_for_test(*engine, mail);
    const auto found = std::ranges::find(report.findings, FindingKind::encrypted, &Finding::kind);
    ASSERT_NE(found, report.findings.end()) << describe(report);
    const Part* part = part_of(report, locked);
    ASSERT_NE(part, nullptr) << describe_parts(report);
    EXPECT_EQ(part->findings, std::vector<std::string>{found->name});
  }
}

std::string mail_with_document(std::string_view member) {
  const std::string filling(3000, 'x');
  const std::string document = stored_zip({{"[Content_Types].xml", "<?xml version=\"1.0\"?><Types/>"},
                                           {"_rels/.rels", "<?xml version=\"1.0\"?><Relationships/>"},
                                           {"word/document.xml", "<?xml version=\"1.0\"?><w:document/>"},
                                           {"word/styles.xml", filling},
                                           {"word/media/image1.png", std::string(member)}});
  return "From: a@example.org\r\nTo: b@example.net\r\nSubject: t\r\nMIME-Version: 1.0\r\n"
         "Content-Type: application/octet-stream; name=a.docx\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base64(document) + "\r\n";
}

// libclamav scans the members of such a document twice, the second time in layers that it doesn't tell of.
TEST(PartScan, ADocumentOfOfficeNeedsNoSecondLook) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const Report report = scan_for_test(*engine, mail_with_document("a picture"));
  EXPECT_TRUE(report.complete() && report.findings.empty()) << describe(report);
  ASSERT_EQ(report.parts.size(), 1U) << describe_parts(report);
  EXPECT_EQ(report.parts[0].looked, Part::Looked::in_message) << describe_parts(report);
}

TEST(PartScan, AFindingInAMemberIsTheDocuments) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const Report report = scan_for_test(*engine, mail_with_document(eicar()));
  ASSERT_EQ(report.parts.size(), 1U) << describe_parts(report);
  EXPECT_EQ(report.parts[0].findings, std::vector<std::string>{"Eicar-Test-Signature"});
}

// Hashed where libclamav shows it, and compared where the reader does: one part told from another all the
// same.
TEST(PartScan, PartsOfTheSameLengthHaveDigestsOfTheirOwn) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  std::string mail =
      "Received: by x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  std::vector<Digest> expected;
  for (char last = 'a'; last <= 'h'; ++last) {
    const std::string bytes = std::string("\0\1", 2) + std::string(20000, 'x') + last;
    expected.push_back(sha256(bytes));
    mail += "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
            base64(bytes) + "\r\n";
  }
  const Report report = scan_for_test(*engine, mail + "--b--\r\n");
  ASSERT_EQ(report.parts.size(), expected.size()) << describe_parts(report);
  for (std::size_t number = 0; number < expected.size(); ++number) {
    EXPECT_EQ(report.parts[number].sha256, expected[number]);
    EXPECT_EQ(report.parts[number].looked, Part::Looked::in_message) << describe_parts(report);
  }
}

TEST(PartScan, WhatTheReaderDoesNotFinishIsNotClean) {
  EngineOptions options;
  options.max_depth = 5;
  const auto engine = engine_for_test(options);
  ASSERT_NE(engine, nullptr);
  std::string mail = "Subject: innermost\r\nFrom: a@example.org\r\n\r\nText\r\n";
  for (int depth = 0; depth < 12; ++depth)
    mail =
        "From: a@example.org\r\nTo: b@example.net\r\nMIME-Version: 1.0\r\nContent-Type: "
        "message/rfc822\r\n\r\n" +
        mail;
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_TRUE(has_finding(report, FindingKind::unscanned, "Limits.LIMIT_DEPTH")) << describe(report);
}

// Names are policy's to judge: it must hear that it doesn't have all of them, and a large archive of an
// honest man is none of these.
TEST(PartScan, AnArchiveOfMoreExtensionsThanThereIsRoomForIsNotClean) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  std::vector<ZipMemberForTest> members;
  for (int i = 0; i < 1200; ++i) members.push_back({.name = "number-" + std::to_string(i) + ".txt"});
  members.push_back({.name = "last.exe"});
  const Report honest = scan_for_test(*engine, mail_with_attachment("a.zip", zip_for_test(members)));
  EXPECT_TRUE(honest.complete()) << describe(honest);
  ASSERT_FALSE(honest.parts.empty());
  EXPECT_EQ(honest.parts.back().members.back(), "last.exe");
  for (int i = 0; i < 300; ++i) members.push_back({.name = "x." + std::to_string(i)});
  const Report report = scan_for_test(*engine, mail_with_attachment("a.zip", zip_for_test(members)));
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_TRUE(has_finding(report, FindingKind::unscanned, "Limits.ArchiveNames")) << describe(report);
}

TEST(PartScan, WhatIsEncryptedIsSaid) {
  const auto engine = engine_for_test();
  ASSERT_NE(engine, nullptr);
  const std::string envelope =
      std::string("\x30\x80\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7\3\xa0\x80", 15) + "\x30\x80";
  const Report smime = scan_for_test(*engine, mail_with_attachment("smime.p7m", envelope));
  EXPECT_TRUE(has_finding(smime, FindingKind::encrypted, "SMIME.Encrypted")) << describe(smime);
  EXPECT_TRUE(smime.complete() && smime.flags.empty()) << describe(smime);
  // RFC 3156 4
  const Report pgp = scan_for_test(
      *engine,
      "From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=b; "
      "protocol=\"application/pgp-encrypted\"\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
      "Version: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
      "-----BEGIN PGP MESSAGE-----\r\n\r\njA0EAgMCOjJlCoImy+r/yRqROQedNR7SJUwCIAlO3Z1K4DGjQlTHKKTWCg==\r\n"
      "=zKwu\r\n-----END PGP MESSAGE-----\r\n--b--\r\n");
  EXPECT_TRUE(has_finding(pgp, FindingKind::encrypted, "PGP.Encrypted")) << describe(pgp);
  EXPECT_TRUE(pgp.complete() && pgp.flags.empty()) << describe(pgp);
}

TEST(PartScan, MorePartsThanAReportHoldsAreNotClean) {
  EngineOptions options;
  options.max_parts = 1'000'000;
  const auto engine = engine_for_test(options);
  ASSERT_NE(engine, nullptr);
  std::string mail =
      "From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int number = 0; number < 19'000; ++number)
    mail += "--b\r\nContent-Type: text/plain; name=\"" + std::string(50, 'n') + std::to_string(number) +
            "\"\r\n\r\n" + std::to_string(number) + "\r\n";
  const Report report = scan_for_test(*engine, mail + "--b--\r\n");
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_LT(report.parts.size(), 19'000U);
  EXPECT_GT(report.parts.size(), 10'000U);
}

}  // namespace
}  // namespace rastel::detect
