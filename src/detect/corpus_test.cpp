// SPDX-License-Identifier: GPL-2.0-only
// ClamAV's own test files (containers, packers, hostile mails around one 544-byte program): whatever
// libclamav finds, Engine finds, raw and as an attachment. The corpus isn't part of the project:
// $RASTEL_CORPORA, or ../shared/corpora beside the checkout; skipped with a reason where it is absent.
#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/os/file.hpp"
#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"
#include "detect/plain_libclamav_for_test.hpp"

extern char** environ;

namespace rastel::detect {
namespace {

std::filesystem::path corpora() {
  if (const char* folder = std::getenv("RASTEL_CORPORA"); folder != nullptr) return folder;
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  return root.parent_path() / "shared" / "corpora";
}

bool unpack(const std::filesystem::path& archive, const std::filesystem::path& folder) {
  std::string arguments[] = {"tar", "xJf", archive.string(), "-C", folder.string()};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t process = 0;
  if (::posix_spawnp(&process, "tar", nullptr, nullptr, pointers.data(), environ) != 0) return false;
  int status = 0;
  return ::waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string content(const std::filesystem::path& path) {
  const auto bytes = os::read_file(path, 16 << 20);
  EXPECT_TRUE(bytes) << path;
  return bytes.value_or("");
}

TEST(OtherCorpora, MacrosAndEncryptionHaveKindsOfTheirOwn) {
  const FolderForTest folder;
  for (const char* name : {"rspamd-messages", "spamassassin-tdata"}) {
    const auto archive = corpora() / (std::string(name) + ".tar.xz");
    if (!std::filesystem::exists(archive)) GTEST_SKIP() << "no test mail from elsewhere at " << archive;
    if (!unpack(archive, folder.path())) GTEST_SKIP() << "tar or xz is missing, or can't unpack " << archive;
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
  const auto archive = corpora() / "clamav-testfiles.tar.xz";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "no test mail from elsewhere at " << archive;
  const FolderForTest folder;
  if (!unpack(archive, folder.path()))
    GTEST_SKIP() << "tar or xz is missing, or " << archive << " can't be unpacked";
  const auto input = folder.path() / "clamav-testfiles" / "unit_tests" / "input";
  const FolderForTest signatures;
  std::filesystem::copy_file(input / "clamav.hdb", signatures.path() / "clamav.hsb");

  // The files are XOR-ed with a text of 160 letters, which shows where an ISO image begins: with zeros.
  const std::string key = content(input / "clamav_hdb_scanfiles" / "clam.iso.xor").substr(0, 160);
  const auto engine = engine_for_test({}, signatures.path());
  PlainLibclamavForTest plain(signatures.path(), {.cache = false});
  const FolderForTest scratch;
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(input / "clamav_hdb_scanfiles")) {
    const std::string name = entry.path().stem().string();
    std::string bytes = content(entry.path());
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(bytes[i] ^ key[i % key.size()]);
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
