// SPDX-License-Identifier: GPL-2.0-only
// A message over a limit is unscanned(limit): neither clean, as libclamav says when believed, nor infected.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"
#include "detect/plain_libclamav_for_test.hpp"
#include "detect/zip_for_test.hpp"

namespace rastel::detect {
namespace {

TEST(NeverCleanOverLimits, TooManyFiles) {
  std::vector<ZipMemberForTest> members;
  for (int i = 0; i < 50; ++i)
    members.push_back({.name = fmt::format("f{}", i), .content = fmt::format("number {}", i)});
  members.push_back({.name = "last.com", .content = noise_for_test(100)});
  const std::string mail = mail_with_attachment("a.zip", zip_for_test(members));
  const FolderForTest scratch;
  PlainLibclamavForTest plain({}, {.files = 10});
  EXPECT_EQ(plain.scan(mail, scratch.path()), "clean");
  EngineOptions options;
  options.max_parts = 10;
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_TRUE(has_finding(report, FindingKind::unscanned, "Heuristics.Limits.Exceeded.MaxFiles"))
      << describe(report);
  EXPECT_FALSE(has_finding(report, FindingKind::signature, "")) << describe(report);
}

TEST(NeverCleanOverLimits, TooManyMailParts) {
  std::string mail =
      "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 60; ++i) {
    mail += fmt::format(
        "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64(i == 59 ? eicar() : fmt::format("part number {}", i)));
  }
  mail += "--b--\r\n";
  EngineOptions options;
  options.max_parts = 10;
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit) || has_signature(report)) << describe(report);
}

TEST(NeverCleanOverLimits, TooDeep) {
  const std::string mail =
      mail_with_attachment("a.zip", nested_zip_for_test(noise_for_test(100) + "innermost", 20));
  const FolderForTest scratch;
  PlainLibclamavForTest plain({}, {.recursion = 5});
  EXPECT_EQ(plain.scan(mail, scratch.path()), "clean");
  EngineOptions options;
  options.max_depth = 5;
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_TRUE(has_finding(report, FindingKind::unscanned, "Heuristics.Limits.Exceeded.MaxRecursion"));
  EXPECT_FALSE(has_finding(report, FindingKind::signature, "")) << describe(report);
}

TEST(NeverCleanOverLimits, MessagesInMessagesTooDeep) {
  std::string mail = mail_with_zipped_payload(eicar());
  for (int i = 0; i < 90; ++i) {
    mail = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + mail;
  }
  const auto engine = engine_for_test();
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit) || has_signature(report)) << describe(report);
}

TEST(NeverCleanOverLimits, TooMuchToScanInAll) {
  std::vector<ZipMemberForTest> members;
  for (int i = 0; i < 30; ++i) {
    members.push_back({.name = fmt::format("f{}", i),
                       .content = deflated_zeros_for_test(1'000'000),
                       .method = 8,
                       .real_size = 1'000'000});
  }
  EngineOptions options;
  options.max_message = {1 << 20};
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail_with_attachment("a.zip", zip_for_test(members)));
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_TRUE(has_finding(report, FindingKind::unscanned, "Heuristics.Limits.Exceeded.MaxScanSize"));
}

TEST(NeverCleanOverLimits, TimeIsOver) {
  std::vector<ZipMemberForTest> members;
  for (int i = 0; i < 2000; ++i)
    members.push_back({.name = fmt::format("f{}", i), .content = noise_for_test(100)});
  const std::string mail = mail_with_attachment("a.zip", zip_for_test(members));
  const FolderForTest scratch;
  PlainLibclamavForTest plain({}, {.scan_time = 1});
  EXPECT_EQ(plain.scan(mail, scratch.path()), "clean");
  EngineOptions options;
  options.deadline = std::chrono::milliseconds(1);
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
}

TEST(NeverCleanOverLimits, MessageLongerThanTheLimit) {
  EngineOptions options;
  options.max_message = {1 << 20};
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, plain_mail() + std::string(2 << 20, 'x'));
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  std::string largest = plain_mail();
  largest.resize(1 << 20, 'x');
  const Report complete = scan_for_test(*engine, largest);
  EXPECT_TRUE(complete.complete()) << "exactly the limit is allowed: " << describe(complete);
}

// A member that unpacks to more than the limit is cut there: what is behind stays unseen.
void expect_bomb_is_seen(const std::string& attachment, const char* name) {
  const std::string mail = mail_with_attachment(name, attachment);
  const FolderForTest scratch;
  PlainLibclamavForTest plain({}, {.file_size = 1 << 20});
  EXPECT_EQ(plain.scan(mail, scratch.path()), "clean") << name;
  EngineOptions options;
  options.max_message = {1 << 20};
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << name << ": " << describe(report);
}

TEST(NeverCleanOverLimits, ZipBombMember) {
  expect_bomb_is_seen(zip_for_test({{.name = "zeros",
                                     .content = deflated_zeros_for_test(64 << 20),
                                     .method = 8,
                                     .real_size = 64 << 20}}),
                      "honest.zip");
}

TEST(NeverCleanOverLimits, ZipBombMemberThatLiesAboutItsSize) {
  for (const std::uint64_t claimed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}}) {
    expect_bomb_is_seen(zip_for_test({{.name = "zeros",
                                       .content = deflated_zeros_for_test(64 << 20),
                                       .method = 8,
                                       .real_size = claimed}}),
                        "lying.zip");
  }
}

// One message of some 4 GiB of mail was held for it: the bytes behind the mark, read as a header, tell of a
// member of 2 GiB that takes 3 GiB in the archive.
TEST(NeverCleanOverLimits, MarkOfAZipHeaderInAnotherFileIsChance) {
  const auto engine = engine_for_test();
  const std::string chance = std::string("PK\3\4\x2d\x11\x26\x8c\x08\0\x9d\x27\x40\xd6\x31\x8a\x55\xe0", 18) +
                             "\xc2\x11\x07\xec\x33\x4f\x5c\x7c" + std::string("\x09\0\0\0", 4) +
                             noise_for_test(400);
  const std::string start = "%PDF-1.5\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Length 1000>>\nstream\n";
  const Report report = scan_for_test(
      *engine, mail_with_attachment("a.pdf", start + noise_for_test(500) + chance + "\nendstream\n"));
  EXPECT_TRUE(report.complete()) << describe(report);
}

TEST(NeverCleanOverLimits, MemberThatTellsOfMoreThanTheLimit) {
  const auto engine = engine_for_test();
  for (const std::uint64_t size : {std::uint64_t{2} << 30, std::uint64_t{0xffffffff}}) {
    const std::string zip = zip_for_test(
        {{.name = "a", .content = deflated_zeros_for_test(1000), .method = 8, .real_size = size}});
    for (const std::string& file : {zip, "%PDF-1.5\n" + noise_for_test(500) + zip}) {
      const Report report = scan_for_test(*engine, mail_with_attachment("a.pdf", file));
      EXPECT_TRUE(report.has(UnscannedReason::limit)) << size << describe(report);
    }
  }
}

TEST(NeverCleanOverLimits, GzipBomb) {
  const std::string header("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  expect_bomb_is_seen(header + deflated_zeros_for_test(64 << 20) + std::string(8, '\0'), "zeros.gz");
}

TEST(NeverCleanOverLimits, VirusBesideABombIsFound) {
  EngineOptions options;
  options.max_message = {1 << 20};
  const auto engine = engine_for_test(options);
  const ZipMemberForTest bomb{
      .name = "zeros", .content = deflated_zeros_for_test(64 << 20), .method = 8, .real_size = 64 << 20};
  const Report report = scan_for_test(
      *engine, mail_with_attachment("a.zip", zip_for_test({bomb, {.name = "b.com", .content = eicar()}})));
  EXPECT_TRUE(has_signature(report)) << describe(report);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << "what was seen before the virus stays noted";
}

}  // namespace
}  // namespace rastel::detect
