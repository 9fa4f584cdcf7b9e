// SPDX-License-Identifier: GPL-2.0-only
// The real engine in confined workers, in all circumstances: what it finds unconfined it finds confined. A
// system call or a file that a scan needs and the confinement refuses shows here as a difference.
#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/corpora_for_test.hpp"
#include "detect/engine.hpp"
#include "sandbox/pool_for_test.hpp"

namespace rastel::sandbox {
namespace {

LoadForTest real_engine(const std::filesystem::path& signatures, const EngineOptions& options) {
  return [signatures, options](std::uint32_t) {
    SignatureOptions wanted;
    wanted.directory = signatures.string();
    return load_engine(wanted, options);
  };
}

EngineOptions roomy_engine() {
  EngineOptions options;
  options.workers = 2;
  options.scratch = ByteCount{64 << 20};
  options.memory = ByteCount{1ULL << 30};
  return options;
}

std::string with_type(std::string_view type, std::string_view body) {
  return "Received: from a by b; Thu, 01 Jan 1970 00:00:00 +0000\r\nFrom: a@example.com\r\nSubject: "
         "x\r\nMIME-Version: 1.0\r\n"
         "Content-Type: " +
         std::string(type) + "\r\n\r\n" + std::string(body);
}

// One of each sort whose decoding takes another way through the library.
std::vector<std::string> varied_mails() {
  using namespace detect;
  const std::string pdf =
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count "
      "0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
  std::string html = "<html><body><script>var a=1;</script><a href=\"http://192.0.2.1/\">x</a>";
  for (int i = 0; i < 200; ++i) html += "<p>paragraph " + std::to_string(i) + " &amp; more</p>";
  return {
      mail_with_payload(eicar()),
      mail_with_zipped_payload(eicar()),
      mail_with_zipped_payload(stored_zip("inner.zip", stored_zip("eicar.com", eicar()))),
      with_type("message/rfc822", mail_with_payload(eicar())),
      with_type("text/html; charset=koi8-r", html + "\xf0\xd2\xc9</html>"),
      with_type("text/html; charset=utf-16le", html),
      with_type("text/plain; charset=iso-2022-jp", "\x1b$B$3$s$K$A$O\x1b(B\r\n"),
      mail_with_attachment("a.pdf", pdf),
      mail_with_attachment(
          "a.gif",
          std::string(
              "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;", 43)),
      mail_with_attachment("a.exe", "MZ" + std::string(200, '\0') + "PE" + std::string(1000, '\1')),
      mail_with_attachment("a.rtf", "{\\rtf1\\ansi{\\object\\objdata 0105000002000000}}"),
      mail_with_attachment("a.js", "eval(unescape('%61%6c%65%72%74'))"),
      with_type("text/plain", "begin 644 x\r\n#0V%T\r\n`\r\nend\r\n"),
      plain_mail(),
      "x",
      std::string(300'000, 'a')};
}

std::unique_ptr<detect::Engine> unconfined(const std::filesystem::path& signatures,
                                           const EngineOptions& options) {
  SignatureOptions wanted;
  wanted.directory = signatures.string();
  auto engine = detect::Engine::load(wanted, options);
  EXPECT_TRUE(engine) << engine.error().what;
  if (!engine) return nullptr;
  (*engine)->prewarm();
  return std::move(*engine);
}

void expect_same(PoolForTest& pool, detect::Engine& engine, const std::string& text, std::string_view what) {
  const auto scratch = pool.folder().path() / "unconfined";
  std::filesystem::create_directory(scratch);
  const auto message = message_from_bytes(text, pool.folder().path());
  ASSERT_TRUE(message);
  const Report expected = engine.scan((*message)->descriptor(), (*message)->size(), scratch);
  std::filesystem::remove_all(scratch);
  const Report got = pool.scan(text);
  EXPECT_EQ(got.findings, expected.findings)
      << what << ": " << describe(got) << " for " << describe(expected);
  EXPECT_EQ(got.unscanned, expected.unscanned)
      << what << ": " << describe(got) << " for " << describe(expected);
  EXPECT_EQ(got.layers, expected.layers) << what;
}

TEST(ConfinedEngine, FindsWhatItFindsUnconfined) {
  const EngineOptions options = roomy_engine();
  const auto engine = unconfined("/nonexistent", options);
  ASSERT_TRUE(engine);
  for (const Start start : possible_starts()) {
    PoolForTest pool(options, real_engine("/nonexistent", options), start);
    ASSERT_TRUE(pool.run_until_ready()) << to_string(start);
    EXPECT_TRUE(pool.status().builtin_only);
    if (is_complete(start)) {
      EXPECT_TRUE(pool.status().confinement_missing.empty())
          << to_string(start) << pool.status().confinement_missing.front();
    }
    int number = 0;
    for (const std::string& mail : varied_mails())
      expect_same(pool, *engine, mail, std::string(to_string(start)) + " mail " + std::to_string(number++));
    const Report infected = pool.scan(detect::mail_with_zipped_payload(detect::eicar()));
    ASSERT_FALSE(infected.findings.empty()) << to_string(start) << describe(infected);
    EXPECT_EQ(infected.findings[0].name, detect::eicar_name);
    EXPECT_TRUE(is_clean(pool.scan(detect::plain_mail()))) << to_string(start);
  }
}

// A message that doesn't fit into the scratch space is never clean.
TEST(ConfinedEngine, FullScratchIsUnscanned) {
  EngineOptions options = roomy_engine();
  options.scratch = ByteCount{1 << 20};
  PoolForTest pool(options, real_engine("/nonexistent", options));
  ASSERT_TRUE(pool.run_until_ready());
  std::string incompressible;
  for (std::uint32_t state = 1; incompressible.size() < (3U << 20);) {
    state = state * 1664525U + 1013904223U;
    incompressible += static_cast<char>(state >> 24U);
  }
  const Report report =
      pool.scan(detect::mail_with_attachment("big.zip", detect::stored_zip("big.bin", incompressible)));
  EXPECT_FALSE(report.complete()) << describe(report);
  EXPECT_TRUE(is_clean(pool.scan(detect::plain_mail())));
}

TEST(ConfinedEngine, ClamavsOwnTestFiles) {
  const TemporaryFolderForTest outer;
  const auto unpacked = outer.path() / "files";
  const auto signatures = outer.path() / "signatures";
  std::filesystem::create_directory(unpacked);
  std::filesystem::create_directory(signatures);
  const std::string why_not = detect::unpack_for_test("clamav-testfiles", unpacked);
  if (why_not.empty()) {
    const auto [signature, files] = detect::clamav_files_for_test(unpacked);
    std::filesystem::copy_file(signature, signatures / "clamav.hsb");
    const EngineOptions options = roomy_engine();
    const auto engine = unconfined(signatures, options);
    ASSERT_TRUE(engine);
    PoolForTest pool(options, real_engine(signatures, options));
    ASSERT_TRUE(pool.run_until_ready());
    for (const auto& [name, bytes] : files) {
      expect_same(pool, *engine, bytes, name);
      expect_same(pool, *engine, detect::mail_with_attachment(name, bytes), name + " attached");
    }
    EXPECT_GE(files.size(), 50U);
  }
  std::filesystem::remove_all(unpacked);
  std::filesystem::remove_all(signatures);
  if (!why_not.empty()) GTEST_SKIP() << why_not;
}

}  // namespace
}  // namespace rastel::sandbox
