// SPDX-License-Identifier: GPL-2.0-only
// What is banned and what is ambiguous, by names, types and flags of a report.
#include <gtest/gtest.h>

#include "policy/classify.hpp"
#include "policy/globs.hpp"
#include "policy/judge.hpp"

namespace rastel::policy {
namespace {

TEST(Globs, StarsQuestionMarksAndEitherCase) {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  for (const Row& row : std::initializer_list<Row>{{"*.exe", "setup.exe", true},
                                                   {"*.exe", "SETUP.EXE", true},
                                                   {"*.exe", ".exe", true},
                                                   {"*.exe", "exe", false},
                                                   {"*.exe", "setup.exe.txt", false},
                                                   {"*.exe", "", false},
                                                   {"*", "", true},
                                                   {"", "", true},
                                                   {"", "a", false},
                                                   {"a?c", "abc", true},
                                                   {"a?c", "ac", false},
                                                   {"invoice*.js*", "Invoice 7.pdf.jse", true},
                                                   {"*a*b*", "xxaxxbxx", true},
                                                   {"*a*b*", "xxbxxaxx", false},
                                                   {"application/x-dos*", "application/x-dosexec", true}})
    EXPECT_EQ(matches_glob(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
}

TEST(Globs, ManyStarsTakeNoLongerThanTheProductOfLengths) {
  std::string pattern;
  for (int number = 0; number < 500; ++number) pattern += "*a";
  EXPECT_FALSE(matches_glob(pattern + "b", std::string(20'000, 'a')));
}

Report report_with(const std::vector<std::string>& names, const std::vector<std::string>& types = {},
                   const std::vector<std::string>& members = {}) {
  Report report;
  report.layers = 1;
  Part part{.path = "1", .reading = "", .type = "application/octet-stream"};
  part.names = names;
  part.true_types = types;
  part.members = members;
  report.parts = {Part{.path = "1", .reading = "", .type = "text/plain"}, part};
  return report;
}

Disposition disposition_of(const Report& report, const PolicyOptions& options = {},
                           const std::string& recipient = "a@example.com") {
  Envelope envelope;
  envelope.recipients.push_back({recipient, ""});
  return judge(report, envelope, options, {}, false).dispositions.at(0);
}

TEST(Banned, AnyNameThatAPartMayBeSavedUnder) {
  const Disposition named = disposition_of(report_with({"photo.jpg", "photo.jpg .Exe"}));
  EXPECT_EQ(named.deciding_class, MessageClass::banned);
  EXPECT_EQ(named.asked, Action::reject);
  EXPECT_EQ(named.finding, "Banned.Name.photo.jpg-.Exe");
  EXPECT_EQ(disposition_of(report_with({"photo.jpg"})).deciding_class, MessageClass::clean);
}

TEST(Banned, WhatAPartTrulyIs) {
  const Disposition typed = disposition_of(report_with({"photo.jpg"}, {"application/x-dosexec"}));
  EXPECT_EQ(typed.deciding_class, MessageClass::banned);
  EXPECT_EQ(typed.finding, "Banned.Type.application-x-dosexec");
  EXPECT_EQ(disposition_of(report_with({"a"}, {"image/png"})).deciding_class, MessageClass::clean);
}

TEST(Banned, InAnArchiveAsThePolicySaysOfArchives) {
  const Report report = report_with({"a.zip"}, {"application/zip"}, {"readme.txt", "setup.exe"});
  const Disposition noted = disposition_of(report);
  EXPECT_EQ(noted.deciding_class, MessageClass::banned);
  EXPECT_EQ(noted.asked, Action::tag);
  EXPECT_EQ(noted.finding, "Banned.Archived.setup.exe");
  PolicyOptions strict;
  strict.banned_in_archives = Action::quarantine;
  EXPECT_EQ(disposition_of(report, strict).asked, Action::quarantine);
}

TEST(Banned, OneOnlyNotedLetsNothingPassThatNobodyLookedAt) {
  Report report = report_with({"a.zip"}, {}, {"setup.exe"});
  report.set_unscanned(UnscannedReason::limit);
  EXPECT_EQ(disposition_of(report).deciding_class, MessageClass::unscanned);
  EXPECT_EQ(disposition_of(report).asked, Action::quarantine);
  Report refused = report_with({"setup.exe"});
  refused.set_unscanned(UnscannedReason::engine);
  EXPECT_EQ(disposition_of(refused).asked, Action::reject) << "banned decides even in an incomplete scan";
}

TEST(Banned, TwoRecipientsTwoLists) {
  PolicyOptions options;
  options.rules.resize(2);
  options.rules[0].recipients = {"it@example.com"};
  options.rules[0].banned_names = std::vector<std::string>{};
  options.rules[1].recipients = {"ceo@example.com"};
  options.rules[1].banned_names = {"*.docm"};
  EXPECT_EQ(disposition_of(report_with({"a.exe"}), options, "it@example.com").asked, Action::pass);
  EXPECT_EQ(disposition_of(report_with({"a.exe"}), options, "x@example.com").asked, Action::reject);
  EXPECT_EQ(disposition_of(report_with({"a.docm"}), options, "ceo@example.com").asked, Action::reject);
  EXPECT_EQ(disposition_of(report_with({"a.docm"}), options, "x@example.com").asked, Action::pass);
}

TEST(Banned, ASenderAloneNeverShortensTheList) {
  PolicyOptions options;
  options.rules.emplace_back();
  options.rules[0].senders = {"friend@example.org"};
  options.rules[0].banned_names = {"*.docm"};
  Envelope envelope;
  envelope.reverse_path = "friend@example.org";
  envelope.recipients.push_back({"a@example.com", ""});
  EXPECT_EQ(judge(report_with({"a.exe"}), envelope, options, {}, false).dispositions.at(0).asked,
            Action::reject);
  EXPECT_EQ(judge(report_with({"a.docm"}), envelope, options, {}, false).dispositions.at(0).asked,
            Action::reject);
}

TEST(Ambiguous, HardFlagsMakeTheClassSoftOnesAreNoted) {
  Report report = report_with({"a.txt"});
  report.flags = {{Ambiguity::raw_8bit_header, {0, 1}}};
  ASSERT_EQ(row_of(Ambiguity::raw_8bit_header).gravity, Gravity::soft);
  EXPECT_EQ(disposition_of(report).deciding_class, MessageClass::clean);
  report.flags.push_back({Ambiguity::duplicate_boundary, {5, 9}});
  report.flags.push_back({Ambiguity::bare_cr, {7, 8}});
  ASSERT_EQ(row_of(Ambiguity::duplicate_boundary).gravity, Gravity::hard);
  const Disposition held = disposition_of(report);
  EXPECT_EQ(held.deciding_class, MessageClass::ambiguous);
  EXPECT_EQ(held.asked, Action::quarantine);
  EXPECT_EQ(held.finding, row_of(Ambiguity::duplicate_boundary).code);
  PolicyOptions lenient;
  lenient.ambiguous = Action::tag;
  EXPECT_EQ(disposition_of(report, lenient).asked, Action::tag);
}

}  // namespace
}  // namespace rastel::policy
