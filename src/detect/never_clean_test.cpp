// SPDX-License-Identifier: GPL-2.0-only
// The ways in which libclamav says clean and isn't: one test a row. Where it is cheap each shows first that
// libclamav, believed, calls the message clean.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sha256.hpp"
#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"
#include "detect/plain_libclamav_for_test.hpp"
#include "detect/zip_for_test.hpp"

namespace rastel::detect {
namespace {

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

TEST(NeverClean, MissingTemporaryFolder) {
  const std::string mail = mail_with_zipped_payload(eicar());
  PlainLibclamavForTest plain;
  EXPECT_EQ(plain.scan(mail, "/nonexistent/scratch"), "clean");
  const auto engine = engine_for_test();
  const Report report = scan_for_test(*engine, mail, "/nonexistent/scratch");
  EXPECT_TRUE(report.has(UnscannedReason::engine)) << describe(report);
}

TEST(NeverClean, TemporaryFolderThatCannotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const FolderForTest scratch;
  std::filesystem::permissions(scratch.path(),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const auto engine = engine_for_test();
  const Report report = scan_for_test(*engine, mail_with_zipped_payload(eicar()), scratch.path());
  EXPECT_TRUE(report.has(UnscannedReason::engine)) << describe(report);
}

// The mail whose parts need some space: noise, two zips around EICAR, and HTML.
std::string spacious_mail() {
  return mail_with_attachment(
      "a.zip",
      zip_for_test({{.name = "noise", .content = noise_for_test(20000)},
                    {.name = "b.zip", .content = nested_zip_for_test(eicar(), 2)},
                    {.name = "c.html", .content = "<html><body><script>alert(1)</script></body></html>"}}));
}

TEST(NeverClean, FullTemporaryFolder) {
  FolderForTest scratch;
  const std::string mail = spacious_mail();
  const auto engine = engine_for_test();
  int clean_for_plain = 0;
  for (const char* option : {"size=4k", "size=8k", "size=16k", "size=24k", "size=32k", "size=40k",
                             "nr_inodes=1", "nr_inodes=2", "nr_inodes=3", "nr_inodes=4", "nr_inodes=5"}) {
    if (::mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, option) != 0) {
      GTEST_SKIP() << "no right to mount a small tmpfs: FullByFileSize shows the same";
    }
    PlainLibclamavForTest plain;
    if (plain.scan(mail, scratch.path()) == "clean") ++clean_for_plain;
    const Report report = scan_for_test(*engine, mail, scratch.path());
    EXPECT_FALSE(report.complete()) << option << ": " << describe(report);
    if (std::string_view(option).starts_with("size")) {
      EXPECT_TRUE(report.has(UnscannedReason::limit)) << option << ": " << describe(report);
      EXPECT_FALSE(report.has(UnscannedReason::engine)) << option << ": " << describe(report);
    }
    ::umount(scratch.path().c_str());
  }
  EXPECT_GE(clean_for_plain, 4);
}

TEST(NeverClean, TemporaryFolderFullByFileSize) {
  const std::string mail = mail_with_zipped_payload(eicar());
  const auto engine = engine_for_test();
  PlainLibclamavForTest plain;
  const FolderForTest scratch;
  const auto message = message_from_bytes(mail, scratch.path());
  ASSERT_TRUE(message);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{.rlim_cur = 16, .rlim_max = old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Report report = engine->scan((*message)->descriptor(), (*message)->size(), scratch.path());
  ::setrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(report.has(UnscannedReason::limit)) << describe(report);
  EXPECT_TRUE(has_finding(report, FindingKind::unscanned, "Limits.Scratch")) << describe(report);
  EXPECT_TRUE(has_signature(scan_for_test(*engine, mail))) << "the next scan is whole again";
}

TEST(NeverClean, NoFileDescriptorsLeft) {
  const auto engine = engine_for_test();
  const FolderForTest scratch;
  const auto message = message_from_bytes(spacious_mail(), scratch.path());
  ASSERT_TRUE(message);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const int next_free = ::dup((*message)->descriptor());
  ::close(next_free);
  for (int more = 0; more < 4; ++more) {
    const rlimit few{.rlim_cur = static_cast<rlim_t>(next_free + more), .rlim_max = old.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const Report report = engine->scan((*message)->descriptor(), (*message)->size(), scratch.path());
    ::setrlimit(RLIMIT_NOFILE, &old);
    EXPECT_TRUE(report.has(UnscannedReason::engine) || has_signature(report))
        << more << ": " << describe(report);
  }
}

// Wang et al. 2004: two blocks with the MD5 79054025255fb1a26e4bc422aef54eb4.
TEST(NeverClean, CollidingMd5Pair) {
  std::string first = from_hex(
      "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
      "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
      "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70");
  std::string second = first;
  for (const std::size_t position : {19U, 45U, 59U, 83U, 109U, 123U}) {
    second[position] = static_cast<char>(second[position] ^ 0x80);
  }
  ASSERT_NE(first, second);
  const FolderForTest signatures;
  signatures.write("pair.hsb", fmt::format("{}:128:Second.Of.The.Pair\n", sha256(second).hex()));
  const FolderForTest scratch;
  PlainLibclamavForTest plain(signatures.path());
  EXPECT_EQ(plain.scan(mail_with_attachment("a.bin", first), scratch.path()), "clean");
  EXPECT_EQ(plain.scan(mail_with_attachment("a.bin", second), scratch.path()), "clean")
      << "its cache knows the MD5";
  const auto engine = engine_for_test({}, signatures.path());
  const Report harmless = scan_for_test(*engine, mail_with_attachment("a.bin", first));
  EXPECT_TRUE(harmless.complete() && harmless.findings.empty()) << describe(harmless);
  const Report report = scan_for_test(*engine, mail_with_attachment("a.bin", second));
  EXPECT_TRUE(has_signature(report, "Second.Of.The.Pair")) << describe(report);
}

TEST(NeverClean, TwentyFirstHeaders) {
  const std::string zip = stored_zip("payload.com", eicar());
  const std::string type = "Content-Type: multipart/mixed; boundary=\"edge\"\r\n";
  const std::string rest =
      type +
      "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nTo: b@example.com\r\n\r\n"
      "--edge\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
      "--edge\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base64(zip) + "--edge--\r\n";
  const auto engine = engine_for_test();
  const FolderForTest scratch;
  int missed_by_plain = 0;
  for (const char* first : {"DKIM-Signature: v=1; a=rsa-sha256; d=example.com\r\n",
                            "Authentication-Results: mx; spf=pass\r\n",
                            "ARC-Seal: i=1; a=rsa-sha256\r\n",
                            "X-Mailer: test\r\n",
                            "Sender: a@example.com\r\n",
                            "List-Unsubscribe: <mailto:a@example.com>\r\n",
                            "from: a@example.com\r\n",
                            "\r\n",
                            "",
                            "received: x\r\n",
                            "RECEIVED: x\r\n",
                            "subject: x\r\n",
                            "Mime-Version: 1.0\r\n",
                            "Reply-To: a@example.com\r\n",
                            "Resent-Sender: a@example.com\r\n",
                            "User-Agent: x\r\n",
                            "Received:\r\n from folded\r\n",
                            "Subject:no space\r\n",
                            "\xef\xbb\xbfSubject: with a byte order mark\r\n",
                            "Received: from recognised\r\n",
                            "Subject: recognised\r\n",
                            "From: a@example.com\r\n"}) {
    PlainLibclamavForTest plain;
    if (plain.scan(first + rest, scratch.path()) == "clean") ++missed_by_plain;
    // An empty line first ends the header block: what follows is body, unless the reader forgives it, as some
    // do.
    const Report report = scan_for_test(*engine, first + rest);
    EXPECT_TRUE(has_signature(report)) << first << describe(report);
  }
  EXPECT_GE(missed_by_plain, 9);
}

TEST(NeverClean, WholeMailHashAndOffsetZeroSignatures) {
  for (const char* first : {"Received: from recognised\r\n", "DKIM-Signature: v=1\r\n"}) {
    const std::string mail = std::string(first) + "Subject: chain letter\r\n\r\nText.\r\n";
    const FolderForTest signatures;
    signatures.write("whole.hsb", fmt::format("{}:{}:Whole.Mail.Hash\n", sha256(mail).hex(), mail.size()));
    signatures.write("zero.ndb", fmt::format("Offset.Zero:0:0:{}\n", hex(mail.substr(0, 30))));
    for (const char* expected : {"Whole.Mail.Hash", "Offset.Zero"}) {
      const FolderForTest one;
      const std::string file = std::string_view(expected).starts_with("Whole") ? "whole.hsb" : "zero.ndb";
      std::filesystem::copy_file(signatures.path() / file, one.path() / file);
      const auto engine = engine_for_test({}, one.path());
      const Report report = scan_for_test(*engine, mail);
      EXPECT_TRUE(has_signature(report, expected)) << describe(report);
    }
  }
}

TEST(NeverClean, RarContent) {
  const std::string rar4 = std::string("Rar!\x1a\x07\0", 7) + noise_for_test(300);
  const std::string rar5 = std::string("Rar!\x1a\x07\x01\0", 8) + noise_for_test(300);
  const std::string program = "MZ" + std::string(62, '\0') + noise_for_test(2000) + rar4;
  const auto engine = engine_for_test();
  const FolderForTest scratch;
  for (const auto& [name, content] :
       {std::pair{"old.rar", rar4}, {"new.rar", rar5}, {"unpacks-itself.exe", program}}) {
    PlainLibclamavForTest plain;
    EXPECT_EQ(plain.scan(mail_with_attachment(name, content), scratch.path()), "clean") << name;
    const Report report = scan_for_test(*engine, mail_with_attachment(name, content));
    EXPECT_TRUE(report.has(UnscannedReason::format)) << name << ": " << describe(report);
  }
  const Report text = scan_for_test(*engine, plain_mail() + "A RAR begins with Rar!\x1a\x07.\r\n");
  EXPECT_TRUE(text.complete()) << "a text about RAR is none: " << describe(text);
}

TEST(NeverClean, ZipMemberOfAnUnknownCompression) {
  const auto engine = engine_for_test();
  const FolderForTest scratch;
  for (const unsigned method : {1U, 14U, 93U, 95U, 98U}) {
    const std::string mail =
        mail_with_attachment("a.zip", zip_for_test({{.name = "a.txt", .content = "readable"},
                                                    {.name = "b.com",
                                                     .content = noise_for_test(80),
                                                     .method = static_cast<std::uint16_t>(method),
                                                     .real_size = 200}}));
    PlainLibclamavForTest plain;
    EXPECT_EQ(plain.scan(mail, scratch.path()), "clean") << method;
    const Report report = scan_for_test(*engine, mail);
    EXPECT_TRUE(report.has(UnscannedReason::format)) << method << ": " << describe(report);
  }
  const Report readable = scan_for_test(
      *engine,
      mail_with_attachment(
          "a.zip",
          zip_for_test(
              {{.name = "z", .content = deflated_zeros_for_test(5000), .method = 8, .real_size = 5000}})));
  EXPECT_TRUE(readable.complete()) << describe(readable);
}

// One message of some 2 GiB of archives was held for it.
TEST(NeverClean, MarksOfAZipHeaderInCompressedDataAreChance) {
  const auto engine = engine_for_test();
  for (const std::string mark : {"PK\3\4", "PK\1\2"}) {
    const std::string content =
        noise_for_test(200) + mark + "\x9d\x27\x40\xd6\x30\x8a\x55\xe0" + noise_for_test(200);
    const std::string mail =
        mail_with_attachment("a.zip", zip_for_test({{.name = "a.jpg", .content = content}}));
    const Report report = scan_for_test(*engine, mail);
    EXPECT_TRUE(report.complete()) << describe(report);
  }
}

TEST(NeverClean, TinyMessagesAreLookedAt) {
  const auto engine = engine_for_test();
  for (const char* bytes : {"", "x", "\r\n", "12345", "123456"}) {
    const Report report = scan_for_test(*engine, bytes);
    EXPECT_TRUE(report.complete()) << describe(report);
    EXPECT_GE(report.layers, 1U) << "looked at behind the synthetic header";
  }
}

}  // namespace
}  // namespace rastel::detect
