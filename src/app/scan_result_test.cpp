// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan_result.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace rastel {
namespace {

Report made() {
  Report report;
  report.findings = {{FindingKind::macros, "Macros"}, {FindingKind::signature, "Eicar-Test-Signature"}};
  report.flags = {{Ambiguity::base64_junk, {12, 13}, 3}};
  Part part{.path = "1.2", .reading = "", .type = "text/plain"};
  part.names = {"a.txt"};
  part.body = {1, 2};
  report.parts = {part};
  report.engine_version = "ClamAV 1.4.6";
  report.signature_version = "27123";
  return report;
}

TEST(ScanResult, TellsTheSameBehindTheSocket) {
  const ScanResult result = judged(made(), PolicyOptions(), 7);
  EXPECT_EQ(result.message_class, MessageClass::infected);
  EXPECT_EQ(result.action, Action::reject);
  EXPECT_EQ(result.finding, "Eicar-Test-Signature");
  const auto row = boost::json::parse(boost::json::serialize(to_json(result))).as_object();
  const auto read = scan_result_from(row);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(to_json(*read), to_json(result));
  EXPECT_EQ(read->report.parts, result.report.parts);
  EXPECT_EQ(read->report.flags, result.report.flags);
}

TEST(ScanResult, WhatIsUnscannedSaysWhy) {
  const ScanResult result = too_large(PolicyOptions());
  const auto row = to_json(result);
  EXPECT_EQ(row.at("class").as_string(), "unscanned");
  EXPECT_EQ(row.at("reason").as_string(), "limit");
  const auto read = scan_result_from(row);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), row);
}

TEST(ScanResult, IsJudgedByThePolicyAsMailToNobody) {
  PolicyOptions policy;
  policy.infected = Action::tag;
  PolicyRule rule;
  rule.recipients = {"example.com"};
  rule.infected = Action::discard;
  policy.rules = {rule};
  EXPECT_EQ(judged(made(), policy, 0).action, Action::tag);
  EXPECT_EQ(judged(Report(), policy, 0).message_class, MessageClass::clean);
}

TEST(ScanResult, HostileTextIsEscaped) {
  Report report = made();
  const std::string hostile = "\x1b]0;owned\a\n\xff";
  report.parts[0].names = report.parts[0].members = report.parts[0].findings = {hostile};
  report.parts[0].path = report.parts[0].type = report.parts[0].reading = hostile;
  report.engine_version = report.findings[0].name = hostile;
  const std::string text = boost::json::serialize(to_json(judged(std::move(report), PolicyOptions(), 0)));
  EXPECT_EQ(text.find("\\u001b"), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  EXPECT_NE(text.find("\\\\x1b]0;owned"), std::string::npos) << text;
}

TEST(ScanResult, AnAnswerThatIsNoneIsNeverClean) {
  EXPECT_FALSE(scan_result_from({}));
  EXPECT_EQ(scan_result_from({{"class", "new"}})->message_class, MessageClass::unscanned);
  EXPECT_EQ(scan_result_from({{"class", 1}})->message_class, MessageClass::unscanned);
}

}  // namespace
}  // namespace rastel
