// SPDX-License-Identifier: GPL-2.0-only
// ClamAV's own test files (containers, packers, hostile mails around one 544-byte program): whatever
// libclamav finds, Engine finds, raw and as an attachment.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/os/file.hpp"
#include "detect/canaries.hpp"
#include "detect/corpora_for_test.hpp"
#include "detect/engine_for_test.hpp"
#include "detect/plain_libclamav_for_test.hpp"

namespace rastel::detect {
namespace {

std::string content(const std::filesystem::path& path) {
  const auto bytes = os::read_file(path, 16 << 20);
  EXPECT_TRUE(bytes) << path;
  return bytes.value_or("");
}

TEST(OtherCorpora, MacrosAndEncryptionHaveKindsOfTheirOwn) {
  const FolderForTest folder;
  for (const char* name : {"rspamd-messages", "spamassassin-tdata"}) {
    const std::string why_not = unpack_for_test(name, folder.path());
    if (!why_not.empty()) GTEST_SKIP() << why_not;
  }
  EngineOptions options;
  const auto tagging = engine_for_test(options);
  options.heuristics.macros = HeuristicUse::off;
  const auto silent = engine_for_test(options);
  const std::string macros =
      content(folder.path() / "spamassassin-tdata/t/data/spam/olevbmacro/renamedmacro.eml");
  EXPECT_TRUE(
      has_finding(scan_for_test(*tagging, macros), FindingKind::macros, "Heuristics.OLE2.ContainsMacros"));
  EXPECT_TRUE(scan_for_test(*silent, macros).findings.empty());
  const Report locked = scan_for_test(
      *tagging, content(folder.path() / "rspamd-messages/test/functional/messages/pdf_encrypted.eml"));
  EXPECT_TRUE(has_finding(locked, FindingKind::encrypted, "Heuristics.Encrypted.PDF")) << describe(locked);
  EXPECT_TRUE(locked.complete()) << describe(locked);
}

TEST(ClamavCorpus, EverythingThatLibclamavFindsIsFoundRawAndAttached) {
  const FolderForTest folder;
  const std::string why_not = unpack_for_test("clamav-testfiles", folder.path());
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  const auto [signature, files] = clamav_files_for_test(folder.path());
  const FolderForTest signatures;
  std::filesystem::copy_file(signature, signatures.path() / "clamav.hsb");
  const auto engine = engine_for_test({}, signatures.path());
  PlainLibclamavForTest plain(signatures.path(), {.cache = false});
  const FolderForTest scratch;
  int found = 0;
  for (const auto& [name, bytes] : files) {
    const Report raw = scan_for_test(*engine, bytes, scratch.path());
    const Report attached = scan_for_test(*engine, mail_with_attachment(name, bytes), scratch.path());
    if (name.ends_with(".rar")) {
      EXPECT_TRUE(has_signature(raw, "ClamAV-Test-File") || raw.has(UnscannedReason::format))
          << name << describe(raw);
      EXPECT_TRUE(has_signature(attached, "ClamAV-Test-File") || attached.has(UnscannedReason::format))
          << name;
    }
    if (!plain.scan(bytes, scratch.path()).starts_with("found ClamAV-Test-File")) continue;
    ++found;
    EXPECT_TRUE(has_signature(raw, "ClamAV-Test-File")) << name << ": " << describe(raw);
    EXPECT_TRUE(has_signature(attached, "ClamAV-Test-File")) << name << " attached: " << describe(attached);
  }
  EXPECT_GE(found, 54) << "clamscan 1.4 finds 54 of the 60";
}

}  // namespace
}  // namespace rastel::detect
