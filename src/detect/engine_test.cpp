// SPDX-License-Identifier: GPL-2.0-only
#include "detect/engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"
#include "detect/prewarm.hpp"
#include "detect/scan_observer.hpp"
#include "detect/write_watch.hpp"
#include "detect/zip_for_test.hpp"

namespace rastel::detect {
namespace {

Result<std::unique_ptr<Engine>> load(const std::filesystem::path& folder, bool builtin) {
  SignatureOptions signatures;
  signatures.directory = folder.string();
  signatures.builtin = builtin;
  return Engine::load(signatures, {});
}

TEST(EngineLoad, MissingAndEmptyFolderLeaveTheBuiltinSignatures) {
  const FolderForTest empty;
  for (const std::filesystem::path& folder : {empty.path(), std::filesystem::path("/nonexistent")}) {
    const auto engine = load(folder, true);
    ASSERT_TRUE(engine) << engine.error().what;
    EXPECT_TRUE((*engine)->info().builtin_only);
    EXPECT_EQ((*engine)->info().signature_version, "builtin");
    EXPECT_EQ((*engine)->info().signature_count, 3U);
    EXPECT_EQ((*engine)->info().signature_time, 0);
    EXPECT_TRUE((*engine)->info().engine_version.starts_with("ClamAV "));
    const auto proved = (*engine)->prove();
    EXPECT_TRUE(proved) << proved.error().what;
  }
}

TEST(EngineLoad, ALargeSetKeepsBothMatchers) {
  const FolderForTest folder;
  std::string hashes;
  const auto add = [&](int from, int to) {
    for (int i = from; i < to; ++i) hashes += fmt::format("{:032x}:{}:H{}\n", i, i % 60'000 + 1, i);
    folder.write("hashes.hdb", hashes);
  };
  add(0, 1'000'000);
  auto engine = load(folder.path(), true);
  ASSERT_TRUE(engine) << engine.error().what;
  EXPECT_TRUE((*engine)->info().one_matcher);
  add(1'000'000, 1'000'001);
  engine = load(folder.path(), true);
  ASSERT_TRUE(engine) << engine.error().what;
  EXPECT_FALSE((*engine)->info().one_matcher);
  const auto proved = (*engine)->prove();
  EXPECT_TRUE(proved) << proved.error().what;
}

TEST(EngineLoad, NothingAtAllIsAnError) {
  const FolderForTest empty;
  const auto engine = load(empty.path(), false);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().kind, ErrorKind::invalid_input);
  EXPECT_NE(engine.error().what.find(empty.path().string()), std::string::npos) << engine.error().what;
}

TEST(EngineLoad, OneMalformedLineIsAnErrorThatNamesTheFile) {
  for (const bool builtin : {true, false}) {
    const FolderForTest folder;
    folder.write("good.ndb", "Good.One:0:*:414243444546474849\n");
    folder.write("wrong.ndb", "Good.Two:0:*:414243444546474849\nthis is no signature\n");
    const auto engine = load(folder.path(), builtin);
    ASSERT_FALSE(engine) << "never half loaded";
    EXPECT_EQ(engine.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(engine.error().what.find("wrong.ndb"), std::string::npos) << engine.error().what;
    EXPECT_EQ(engine.error().what.find("good.ndb"), std::string::npos) << engine.error().what;
  }
}

TEST(EngineLoad, BrokenCvdIsAnErrorThatNamesTheFile) {
  const FolderForTest folder;
  folder.write("main.cvd", "ClamAV-VDB:" + std::string(600, 'x'));
  const auto engine = load(folder.path(), true);
  ASSERT_FALSE(engine);
  EXPECT_NE(engine.error().what.find("main.cvd"), std::string::npos) << engine.error().what;
}

TEST(EngineLoad, FolderThatIsAFileIsAnError) {
  const FolderForTest folder;
  folder.write("file", "x");
  EXPECT_FALSE(load(folder.path() / "file", true));
}

TEST(EngineLoad, OwnDatabasesAreCountedAndDigested) {
  const FolderForTest folder;
  folder.write("own.ndb", "Own.One:0:*:414243444546474849\nOwn.Two:0:*:414243444546474850\n");
  folder.write("README.txt", "not a database");
  const auto first = load(folder.path(), true);
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_FALSE((*first)->info().builtin_only);
  EXPECT_EQ((*first)->info().signature_count, 5U);
  EXPECT_EQ((*first)->info().signature_version, (*first)->info().signature_digest.substr(0, 12));
  EXPECT_GT((*first)->info().signature_time, 0);
  const Report report = scan_for_test(**first, mail_with_attachment("a", "..ABCDEFGHI.."));
  EXPECT_TRUE(has_signature(report, "Own.One.UNOFFICIAL")) << describe(report);
  EXPECT_EQ(report.signature_version, (*first)->info().signature_version);

  folder.write("own.ndb", "Own.One:0:*:414243444546474849\n");
  const auto second = load(folder.path(), true);
  ASSERT_TRUE(second);
  EXPECT_NE((*first)->info().signature_digest, (*second)->info().signature_digest);
}

TEST(EngineLoad, WithoutTheBuiltinSetEicarIsUnknownAndTheMarkerProves) {
  const FolderForTest folder;
  folder.write("own.ndb", "Own.One:0:*:414243444546474849\n");
  const auto engine = load(folder.path(), false);
  ASSERT_TRUE(engine) << engine.error().what;
  EXPECT_FALSE(has_signature(scan_for_test(**engine, mail_with_payload(eicar()))));
  const auto proved = (*engine)->prove();
  EXPECT_TRUE(proved) << proved.error().what;
}

TEST(EngineProve, FailsWithoutAScratchFolder) {
  const auto engine = engine_for_test();
  const auto proved = engine->prove("/nonexistent/scratch");
  ASSERT_FALSE(proved);
  EXPECT_EQ(proved.error().kind, ErrorKind::ours);
}

TEST(EngineScan, FindsTheTestSignatures) {
  const auto engine = engine_for_test();
  engine->prewarm();
  const Report plain = scan_for_test(*engine, plain_mail());
  EXPECT_TRUE(plain.complete()) << describe(plain);
  EXPECT_TRUE(plain.findings.empty()) << describe(plain);
  EXPECT_GE(plain.layers, 1U);
  for (const std::string& mail :
       {mail_with_payload(eicar()), mail_with_zipped_payload(eicar()), plain_mail() + eicar() + "\r\n",
        eicar(), mail_with_attachment("z.zip", nested_zip_for_test(eicar(), 3)),
        "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" +
            mail_with_zipped_payload(eicar())}) {
    const Report report = scan_for_test(*engine, mail);
    ASSERT_FALSE(report.findings.empty()) << mail;
    EXPECT_EQ(report.findings.front(), (Finding{FindingKind::signature, "Eicar-Test-Signature"}));
    EXPECT_TRUE(report.complete()) << describe(report);
  }
  const Report marker = scan_for_test(*engine, mail_with_zipped_payload(test_marker()));
  EXPECT_TRUE(has_signature(marker, "Rastel-Test-Marker")) << describe(marker);
}

TEST(EngineScan, OneEngineScansOneMessageAfterAnother) {
  const auto engine = engine_for_test();
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(has_signature(scan_for_test(*engine, mail_with_zipped_payload(eicar()))));
    const Report clean = scan_for_test(*engine, plain_mail());
    EXPECT_TRUE(clean.complete() && clean.findings.empty()) << describe(clean);
  }
}

TEST(EngineScan, ADescriptorOfAnotherSizeIsTruncated) {
  const auto engine = engine_for_test();
  const FolderForTest scratch;
  const std::string mail = plain_mail();
  const auto message = message_from_bytes(mail, scratch.path());
  ASSERT_TRUE(message);
  for (const std::uint64_t size : {mail.size() - 1, mail.size() + 1}) {
    const Report report = engine->scan((*message)->descriptor(), size, scratch.path());
    EXPECT_TRUE(report.has(UnscannedReason::truncated)) << describe(report);
  }
  EXPECT_FALSE(engine->scan(-1, mail.size(), scratch.path()).complete());
}

TEST(EngineScan, EncryptedMemberDoesNotHideAVirus) {
  const ZipMemberForTest locked{.name = "locked.txt", .content = std::string(40, '\x7f'), .encrypted = true};
  const ZipMemberForTest infected{.name = "open.com", .content = eicar()};
  const auto engine = engine_for_test();
  const Report alone = scan_for_test(*engine, mail_with_attachment("a.zip", zip_for_test({locked})));
  EXPECT_TRUE(has_finding(alone, FindingKind::encrypted, "Heuristics.Encrypted.Zip")) << describe(alone);
  EXPECT_FALSE(has_finding(alone, FindingKind::signature, "")) << describe(alone);
  EXPECT_TRUE(alone.complete()) << describe(alone);
  for (const auto& members : {std::vector{locked, infected}, std::vector{infected, locked}}) {
    EXPECT_TRUE(has_signature(scan_for_test(*engine, mail_with_attachment("a.zip", zip_for_test(members)))));
  }
  // In an archive of its own before the infected one.
  const std::string two = zip_for_test({{.name = "locked.zip", .content = zip_for_test({locked})},
                                        {.name = "infected.zip", .content = zip_for_test({infected})}});
  const Report both = scan_for_test(*engine, mail_with_attachment("a.zip", two));
  EXPECT_TRUE(has_signature(both)) << describe(both);
  EXPECT_TRUE(has_finding(both, FindingKind::encrypted, "")) << describe(both);
}

// A PNG whose first chunk ends before its checksum.
TEST(EngineScan, BrokenMediaOnlyWhenAskedFor) {
  const std::string png = std::string("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", 29);
  EngineOptions options;
  EXPECT_TRUE(scan_for_test(*engine_for_test(options), mail_with_attachment("a.png", png)).findings.empty());
  options.heuristics.broken = HeuristicUse::tag;
  const Report report = scan_for_test(*engine_for_test(options), mail_with_attachment("a.png", png));
  EXPECT_TRUE(has_finding(report, FindingKind::broken, "Heuristics.Broken.Media")) << describe(report);
}

// libclamav logs an error about such an image: that is no trouble of the engine's, and hides no signature.
TEST(EngineScan, TruncatedGifIsBrokenButScanned) {
  const std::string gif("GIF89a\1\0\1\0\xf7\0\0\x10\x20\x30", 16);
  EngineOptions options;
  options.heuristics.broken = HeuristicUse::tag;
  const auto engine = engine_for_test(options);
  const Report report = scan_for_test(*engine, mail_with_attachment("a.gif", gif));
  EXPECT_TRUE(has_finding(report, FindingKind::broken, "Heuristics.Broken.Media.GIF")) << describe(report);
  EXPECT_TRUE(report.complete()) << describe(report);
  const Report infected = scan_for_test(*engine, mail_with_attachment("a.gif", gif + test_marker()));
  EXPECT_TRUE(has_signature(infected, "Rastel-Test-Marker")) << describe(infected);
}

// What a confined worker is: an empty root, which is also its scratch folder.
TEST(EngineScan, WorksInAnEmptyRootOncePrewarmed) {
  if (::geteuid() != 0) GTEST_SKIP() << "chroot needs root";
  const auto engine = engine_for_test();
  engine->prewarm();
  const FolderForTest root;
  const auto message = message_from_bytes(mail_with_zipped_payload(eicar()), root.path());
  const auto html = message_from_bytes(html_mail_for_prewarming(), root.path());
  ASSERT_TRUE(message && html);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chroot(root.path().c_str()) != 0 || ::chdir("/") != 0) ::_exit(2);
    if (!has_signature(engine->scan((*message)->descriptor(), (*message)->size(), "/"))) ::_exit(3);
    if (!engine->scan((*html)->descriptor(), (*html)->size(), "/").complete()) ::_exit(4);
    ::_exit(engine->prove("/") ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(EngineScan, PhishingOnlyWhenAskedFor) {
  const std::string mail =
      "Received: from a by b\r\nFrom: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
      "<html><body><a href=\"http://192.0.2.7/login\">https://www.bank.example/</a></body></html>\r\n";
  EngineOptions options;
  EXPECT_TRUE(scan_for_test(*engine_for_test(options), mail).findings.empty());
  options.heuristics.phishing = HeuristicUse::suspicious;
  const FolderForTest signatures;  // the heuristic looks only at what a .pdb protects
  signatures.write("own.pdb", "H:www.bank.example\n");
  const Report report = scan_for_test(*engine_for_test(options, signatures.path()), mail);
  EXPECT_TRUE(has_finding(report, FindingKind::phishing, "Heuristics.Phishing.")) << describe(report);
}

TEST(ScanObserver, NamesAreCleaned) {
  EXPECT_EQ(clean_name("Win.Test.EICAR_HDB-1"), "Win.Test.EICAR_HDB-1");
  EXPECT_EQ(clean_name("a b\r\n\"c\"\xc3\xa4"), "a-b---c---");
  EXPECT_EQ(clean_name(""), "unnamed");
  EXPECT_EQ(clean_name(std::string(1000, 'x')).size(), 256U);
}

TEST(ScanObserver, HostileSignatureNameIsCleaned) {
  const FolderForTest folder;
  folder.write("own.ndb", "Name with spaces {and} more:0:*:414243444546474849\n");
  const Report report =
      scan_for_test(*engine_for_test({}, folder.path()), mail_with_attachment("a", "ABCDEFGHI"));
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings.front().name, "Name-with-spaces--and--more.UNOFFICIAL");
}

TEST(ScanObserver, AnUnsignedSignatureIsNoHeuristicWhateverItsName) {
  const FolderForTest folder;
  folder.write("own.ndb", "Heuristics.Limits.Exceeded.Fake:0:*:414243444546474849\n");
  const Report report =
      scan_for_test(*engine_for_test({}, folder.path()), mail_with_attachment("a", "ABCDEFGHI"));
  EXPECT_TRUE(has_signature(report, "Heuristics.Limits.Exceeded.Fake")) << describe(report);
}

TEST(WriteWatch, StandsBeforeLibc) {
  EXPECT_TRUE(write_watch_works());
  const auto before = failed_writes();
  std::FILE* full = std::fopen("/dev/full", "w");
  if (full == nullptr) GTEST_SKIP() << "no /dev/full here";
  std::fputs("text", full);
  EXPECT_NE(std::fclose(full), 0);
  EXPECT_GT(failed_writes().no_space, before.no_space);
}

TEST(Canaries, Base64AndChecksum) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==\r\n");
  EXPECT_EQ(base64("fo"), "Zm8=\r\n");
  EXPECT_EQ(base64("foo"), "Zm9v\r\n");
  EXPECT_EQ(base64(std::string(57, 'a')).size(), 78U);
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(eicar().size(), 68U);
}

}  // namespace
}  // namespace rastel::detect
