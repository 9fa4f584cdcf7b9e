// SPDX-License-Identifier: GPL-2.0-only
#include "detect/signature_files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "detect/clean_set.hpp"
#include "detect/engine_for_test.hpp"

namespace rastel::detect {
namespace {

SignatureOptions options_for(const std::filesystem::path& folder, std::vector<std::string> yara = {}) {
  SignatureOptions options;
  options.directory = folder;
  options.yara = std::move(yara);
  return options;
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

SignatureFiles list(const SignatureOptions& options) {
  auto files = list_signature_files(options);
  EXPECT_TRUE(files) << files.error().what;
  return files.value_or(SignatureFiles{});
}

TEST(SignatureFiles, OnlyWhatIsLoadedCounts) {
  const FolderForTest folder;
  const SignatureOptions options = options_for(folder.path(), {folder.path() / "rules"});
  std::filesystem::create_directory(folder.path() / "rules");
  write(folder.path() / "b.ndb", "b");
  write(folder.path() / "a.hdb", "a");
  write(folder.path() / "daily.cvd.tmp", "half of it");
  write(folder.path() / "freshclam.dat", "x");
  write(folder.path() / "rules" / "r.yar", "rule a { condition: false }");
  write(folder.path() / "rules" / "README", "x");
  const SignatureFiles files = list(options);
  ASSERT_EQ(files.databases.size(), 2U);
  EXPECT_EQ(files.databases[0].filename(), "a.hdb");
  ASSERT_EQ(files.rules.size(), 1U);
  EXPECT_EQ(files.rules[0].filename(), "r.yar");
  EXPECT_EQ(folders_of(options).size(), 2U);
}

TEST(SignatureFiles, TheStampSeesATouchTheDigestOnlyContents) {
  const FolderForTest folder;
  const SignatureOptions options = options_for(folder.path());
  write(folder.path() / "a.hdb", "content");
  const SignatureFiles first = list(options);
  const std::string original = *digest_of(first);
  std::filesystem::last_write_time(folder.path() / "a.hdb",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const SignatureFiles touched = list(options);
  EXPECT_NE(first.stamp, touched.stamp);
  EXPECT_EQ(original, *digest_of(touched));
  // Another content of the same size, put in its place as freshclam does.
  const std::string before = *digest_of(touched);
  write(folder.path() / "new", "CONTENT");
  std::filesystem::rename(folder.path() / "new", folder.path() / "a.hdb");
  const SignatureFiles other = list(options);
  EXPECT_NE(touched.stamp, other.stamp);
  const std::string after = *digest_of(other);
  EXPECT_NE(before, after);
  // The same bytes under another name mean something else to libclamav.
  std::filesystem::rename(folder.path() / "a.hdb", folder.path() / "a.ndb");
  EXPECT_NE(after, *digest_of(list(options)));
  std::filesystem::remove(folder.path() / "a.ndb");
  EXPECT_TRUE(list(options).empty());
  EXPECT_EQ(*digest_of(list(options)), "");
}

TEST(SignatureFiles, RulesThatAreNamedMustBeThere) {
  const auto files = list_signature_files(options_for("/nonexistent", {"/nonexistent/rules.yar"}));
  ASSERT_FALSE(files);
  EXPECT_NE(files.error().what.find("/nonexistent/rules.yar"), std::string::npos) << files.error().what;
}

TEST(CleanSet, IsSeenAsWhatItIs) {
  const auto engine = engine_for_test();
  ASSERT_TRUE(engine);
  for (const CleanMail& clean : clean_set()) {
    const Report report = scan_for_test(*engine, clean.mail);
    EXPECT_TRUE(report.complete() && report.findings.empty()) << clean.kind << ": " << describe(report);
    EXPECT_GE(report.layers, clean.kind == "text" ? 1U : 2U) << clean.kind;
  }
}

// One hash of a layer and one word each: what condemns a member of the clean set is refused, by name.
TEST(CleanSet, SignaturesThatCondemnItAreRefused) {
  for (const auto& [kind, name, signature] :
       {std::tuple{"text", "a.ndb", std::string("Bad.Text:0:*:706c656173652066696e64")},
        std::tuple{"HTML", "a.ndb", std::string("Bad.Html:3:*:3c68313e6e6577733c2f68313e")},
        std::tuple{"PDF", "a.ndb", std::string("Bad.Pdf:10:*:255044462d312e34")},
        std::tuple{"document", "a.ndb", std::string("Bad.Doc:0:*:3c773a743e4d696e75746573")},
        std::tuple{"picture", "a.ndb", std::string("Bad.Gif:5:0:474946383961")}}) {
    const FolderForTest folder;
    write(folder.path() / name, signature + "\n");
    const auto engine = engine_for_test({}, folder.path());
    ASSERT_TRUE(engine);
    const auto proved = engine->prove();
    ASSERT_FALSE(proved) << kind;
    EXPECT_EQ(proved.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(proved.error().what.find(std::string("Bad.")), std::string::npos) << proved.error().what;
  }
}

}  // namespace
}  // namespace rastel::detect
