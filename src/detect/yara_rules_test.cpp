// SPDX-License-Identifier: GPL-2.0-only
#include <fstream>

#include <gtest/gtest.h>

#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"

namespace rastel::detect {
namespace {

constexpr std::string_view simple = R"(
private rule helper { strings: $a = "bad" condition: $a }
rule text_rule { strings: $a = "bad-yara-word" condition: helper and $a }
rule head_rule { strings: $a = "GIF89b" condition: $a at 0 }
)";

class YaraEngine : public testing::Test {
 protected:
  Result<std::unique_ptr<Engine>> load(std::string_view rules, const EngineOptions& options = {}) {
    std::ofstream(folder_.path() / "rules.yar", std::ios::binary) << rules;
    SignatureOptions signatures;
    signatures.directory = "/nonexistent";
    signatures.yara = {folder_.path()};
    return Engine::load(signatures, options);
  }
  FolderForTest folder_;
};

TEST_F(YaraEngine, RulesAreFoundInTheMessageAndInItsLayers) {
  const auto engine = load(simple);
  ASSERT_TRUE(engine) << engine.error().what;
  EXPECT_EQ((*engine)->info().yara_rules, 3U);
  EXPECT_TRUE((*engine)->info().builtin_only) << "no database: rules alone find no everyday malware";
  const auto proved = (*engine)->prove();
  EXPECT_TRUE(proved) << proved.error().what;
  EXPECT_TRUE(has_signature(scan_for_test(**engine, plain_mail() + "bad-yara-word"), "YARA.text_rule"));
  // Only the decoded attachment begins so.
  const std::string picture = mail_with_attachment("a.gif", "GIF89b and something");
  EXPECT_TRUE(has_signature(scan_for_test(**engine, picture), "YARA.head_rule"));
  const std::string packed = mail_with_attachment("a.zip", stored_zip("a.gif", "GIF89b and something"));
  const Report report = scan_for_test(**engine, packed);
  EXPECT_TRUE(has_signature(report, "YARA.head_rule")) << describe(report);
  EXPECT_FALSE(has_signature(report, "YARA.helper")) << "private";
  const Report clean = scan_for_test(**engine, plain_mail());
  EXPECT_TRUE(clean.complete() && clean.findings.empty()) << describe(clean);
}

TEST_F(YaraEngine, BrokenRulesAreRefusedWithFileAndLine) {
  const auto broken = load("rule fine { condition: false }\nrule broken { condition: $undefined }\n");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, ErrorKind::invalid_input);
  EXPECT_NE(broken.error().what.find("rules.yar:2:"), std::string::npos) << broken.error().what;
  const auto including = load("include \"/etc/hostname\"\nrule fine { condition: false }\n");
  ASSERT_FALSE(including) << "what is included isn't watched";
}

TEST_F(YaraEngine, RulesThatCondemnHarmlessMailAreRefused) {
  const auto engine = load("rule everything { strings: $a = \"Kind regards\" condition: $a }");
  ASSERT_TRUE(engine);
  const auto proved = (*engine)->prove();
  ASSERT_FALSE(proved);
  EXPECT_NE(proved.error().what.find("YARA.everything"), std::string::npos) << proved.error().what;
}

TEST_F(YaraEngine, WhatTheRulesCantFinishIsUnscanned) {
  EngineOptions options;
  options.deadline = Duration(1000);
  const auto slow =
      load("rule slow { condition: for all i in (1..2000000000): (uint8(i % filesize) != 7) }", options);
  ASSERT_TRUE(slow) << slow.error().what;
  const Report late = scan_for_test(**slow, plain_mail());
  EXPECT_TRUE(late.has(UnscannedReason::timeout)) << describe(late);
  const auto many = load("rule many { strings: $a = \"x\" condition: #a == 3 }");
  ASSERT_TRUE(many) << many.error().what;
  const Report flooded = scan_for_test(**many, plain_mail() + std::string(3'000'000, 'x'));
  EXPECT_TRUE(flooded.has(UnscannedReason::limit)) << describe(flooded);
}

}  // namespace
}  // namespace rastel::detect
