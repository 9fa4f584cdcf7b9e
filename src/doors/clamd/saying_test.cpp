// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/saying.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/judge.hpp"

namespace rastel::doors::clamd {
namespace {

using testing::ElementsAre;
using Kind = Saying::Kind;
using enum ClamdFindings;

// As the inspector judges a message without recipients.
inspect::Outcome judged(Report report, const PolicyOptions& options = {}, bool repeated_failure = false) {
  inspect::Outcome outcome;
  outcome.verdict = policy::judge(report, {}, options, {.repeated_failure = repeated_failure}, false);
  outcome.report = std::move(report);
  return outcome;
}

Report with(FindingKind kind, const std::string& name) {
  Report report;
  report.findings.push_back({kind, name});
  return report;
}

Report flagged(Ambiguity flag) {
  Report report;
  report.flags.push_back({flag, {}});
  return report;
}

Report unscanned(UnscannedReason reason) {
  Report report;
  report.set_unscanned(reason);
  return report;
}

// "OK", "NAME FOUND", "REASON ERROR".
std::string said(const inspect::Outcome& outcome, ClamdFindings findings = policy) {
  const std::string line = lines_of(saying_of(outcome, findings), "s", rastel::clamd::ScanKind::scan).front();
  return line.substr(3);
}

TEST(Saying, CleanIsOk) {
  EXPECT_EQ(said(judged({})), "OK");
  EXPECT_EQ(said(judged({}), signatures), "OK");
}

TEST(Saying, SignaturesHaveTheirOwnNames) {
  const Report report = with(FindingKind::signature, "Eicar-Test-Signature");
  for (const Action action : {Action::reject, Action::quarantine, Action::discard, Action::strip}) {
    PolicyOptions options;
    options.infected = action;
    EXPECT_EQ(said(judged(report, options)), "Eicar-Test-Signature FOUND");
  }
  EXPECT_EQ(said(judged(report), signatures), "Eicar-Test-Signature FOUND");
}

TEST(Saying, PolicyDecidesWhatIsFound) {
  PolicyOptions options;
  options.infected = Action::tag;
  const Report report = with(FindingKind::signature, "Eicar");
  EXPECT_EQ(said(judged(report, options)), "OK");
  EXPECT_EQ(said(judged(report, options), signatures), "Eicar FOUND");
  options.infected = Action::defer;
  EXPECT_EQ(said(judged(report, options)), "Not now: infected ERROR");
  options.infected = Action::reject;
  options.mode = PolicyMode::observe;
  EXPECT_EQ(said(judged(report, options)), "OK");
  EXPECT_EQ(said(judged(report, options), signatures), "OK");
}

TEST(Saying, OtherClassesHaveNamesOfOurs) {
  PolicyOptions options;
  options.ambiguous = options.encrypted = options.banned = Action::quarantine;
  options.banned_names = {"*.exe"};
  EXPECT_EQ(said(judged(flagged(Ambiguity::duplicate_boundary), options)),
            "Rastel.Ambiguous.DupBoundaryParam FOUND");
  EXPECT_EQ(said(judged(with(FindingKind::encrypted, "Heuristics.Encrypted.Zip"), options)),
            "Rastel.Encrypted.Zip FOUND");
  EXPECT_EQ(said(judged(with(FindingKind::encrypted, "PGP.Encrypted"), options)),
            "Rastel.Encrypted.PGP.Encrypted FOUND");
  Report banned;
  banned.parts.emplace_back();
  banned.parts.back().names = {"setup.exe"};
  EXPECT_EQ(said(judged(banned, options)), "Rastel.Banned.Name.setup.exe FOUND");
  for (const Report& report : {flagged(Ambiguity::duplicate_boundary), banned,
                               with(FindingKind::encrypted, "Heuristics.Encrypted.Zip")})
    EXPECT_EQ(said(judged(report, options), signatures), "OK");
}

// Where something else decides for policy, the signature is still what clamd would find.
TEST(Saying, ABannedNameDoesNotHideASignature) {
  PolicyOptions options;
  options.infected = Action::quarantine;
  options.banned = Action::reject;
  options.banned_names = {"*.exe"};
  Report report = with(FindingKind::signature, "Eicar");
  report.parts.emplace_back();
  report.parts.back().names = {"setup.exe"};
  EXPECT_EQ(said(judged(report, options)), "Rastel.Banned.Name.setup.exe FOUND");
  EXPECT_EQ(said(judged(report, options), signatures), "Eicar FOUND");
}

TEST(Saying, WhatNobodyLookedAtIsNeverOkUnlessToldSo) {
  PolicyOptions options;
  options.unscanned.limit = Action::quarantine;
  EXPECT_EQ(said(judged(unscanned(UnscannedReason::limit), options)), "Rastel.Unscanned.Limit FOUND");
  EXPECT_EQ(said(judged(unscanned(UnscannedReason::limit), options), signatures), "OK");  // as clamd
  for (const auto reason : {UnscannedReason::engine, UnscannedReason::crash}) {
    const std::string error = "Not now: unscanned(" + std::string(to_string(reason)) + ") ERROR";
    EXPECT_EQ(said(judged(unscanned(reason))), error);
    EXPECT_EQ(said(judged(unscanned(reason)), signatures), error);
  }
  EXPECT_EQ(said(judged(unscanned(UnscannedReason::memory))), "Rastel.Unscanned.Memory FOUND");
  EXPECT_EQ(said(judged(unscanned(UnscannedReason::memory)), signatures), "Not now: unscanned(memory) ERROR");
  EXPECT_EQ(said(judged(unscanned(UnscannedReason::timeout))), "Exceeded time limit ERROR");
  EXPECT_EQ(said(judged(unscanned(UnscannedReason::crash), {}, true)), "Rastel.Unscanned.Crash FOUND");
  inspect::Outcome late = judged({});
  late.in_time = false;
  EXPECT_EQ(said(late), "Exceeded time limit ERROR");
  EXPECT_EQ(said(late, signatures), "Exceeded time limit ERROR");
}

TEST(Saying, AllMatchesHaveALineEach) {
  Report report = with(FindingKind::signature, "One");
  report.findings.push_back({FindingKind::signature, "Two"});
  report.findings.push_back({FindingKind::signature, "One"});
  const Saying saying = saying_of(judged(report), policy);
  using rastel::clamd::ScanKind;
  EXPECT_THAT(lines_of(saying, "/a", ScanKind::allmatchscan), ElementsAre("/a: One FOUND", "/a: Two FOUND"));
  EXPECT_THAT(lines_of(saying, "/a", ScanKind::contscan), ElementsAre("/a: One FOUND"));
}

TEST(Saying, TheLogHasWhatTheClientCanTakeItFor) {
  EXPECT_EQ(done_by({.kind = Kind::ok, .names = {}, .reason = {}}), Action::pass);
  EXPECT_EQ(done_by({.kind = Kind::found, .names = {"x"}, .reason = {}}), Action::reject);
  EXPECT_EQ(done_by({.kind = Kind::error, .names = {}, .reason = "x"}), Action::defer);
}

TEST(Saying, CamelCase) {
  EXPECT_EQ(in_camel_case("BARE_CR"), "BareCr");
  EXPECT_EQ(in_camel_case("limit"), "Limit");
  EXPECT_EQ(in_camel_case("RFC2231_BOUNDARY"), "Rfc2231Boundary");
  EXPECT_EQ(in_camel_case(""), "");
}

}  // namespace
}  // namespace rastel::doors::clamd
