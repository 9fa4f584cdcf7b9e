// SPDX-License-Identifier: GPL-2.0-only
// Which parts are to blame, and for whom they are taken out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/judge.hpp"
#include "policy/rules.hpp"

namespace rastel::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Part part_named(const char* path, const char* name) {
  Part part{.path = path, .reading = "", .type = "application/octet-stream"};
  part.names = {name};
  return part;
}

// A text, an infected archive, a program, an archive with a program in it, an encrypted archive.
Report five_parts() {
  Report report;
  report.layers = 1;
  report.findings = {{FindingKind::signature, "Test.Virus"}, {FindingKind::encrypted, "Encrypted.Zip"}};
  report.parts = {part_named("1", "note.txt"), part_named("2", "virus.zip"), part_named("3", "setup.exe"),
                  part_named("4", "tools.zip"), part_named("5", "secret.zip")};
  report.parts[1].findings = {"Test.Virus"};
  report.parts[3].members = {"tool.exe"};
  report.parts[4].findings = {"Encrypted.Zip"};
  return report;
}

Envelope envelope_to(std::initializer_list<const char*> addresses) {
  Envelope envelope;
  for (const char* address : addresses) envelope.recipients.push_back({address, ""});
  return envelope;
}

PolicyOptions stripping() {
  PolicyOptions options;
  options.infected = Action::strip;
  options.banned = Action::strip;
  return options;
}

TEST(Strip, TakesOutWhatIsToBlameAndSaysWhy) {
  const Verdict verdict = judge(five_parts(), envelope_to({"a@example.com"}), stripping(), {}, false);
  ASSERT_EQ(verdict.dispositions.size(), 1U);
  const Disposition& disposition = verdict.dispositions[0];
  EXPECT_EQ(disposition.done, Action::strip);
  EXPECT_THAT(disposition.offences, ElementsAre(Offence{1, MessageClass::infected, "Test.Virus"},
                                                Offence{2, MessageClass::banned, "Banned.Name.setup.exe"}))
      << "what is only tagged stays";
}

TEST(Strip, WhatWouldBeKeptMoreStrictlyIsTakenOutToo) {
  PolicyOptions options = stripping();
  options.encrypted = Action::quarantine;
  // infected decides, whatever the others ask for; what is left is judged by who makes it.
  const Verdict verdict = judge(five_parts(), envelope_to({"a@example.com"}), options, {}, false);
  ASSERT_EQ(verdict.dispositions[0].done, Action::strip);
  EXPECT_THAT(verdict.dispositions[0].offences,
              ElementsAre(testing::Field(&Offence::part, 1U), testing::Field(&Offence::part, 2U),
                          testing::Field(&Offence::part, 4U)));
}

TEST(Strip, EachRecipientByHisOwnLists) {
  PolicyOptions options = stripping();
  options.rules.resize(2);
  options.rules[0].recipients = {"programmer@example.com"};
  options.rules[0].banned_names = std::vector<std::string>{};
  options.rules[1].recipients = {"strict@example.com"};
  options.rules[1].banned_in_archives = Action::strip;
  const Verdict verdict =
      judge(five_parts(), envelope_to({"programmer@example.com", "strict@example.com", "a@example.com"}),
            options, {}, false);
  const auto parts = [&](std::size_t recipient) {
    std::vector<std::size_t> numbers;
    for (const Offence& offence : verdict.dispositions[recipient].offences) numbers.push_back(offence.part);
    return numbers;
  };
  EXPECT_THAT(parts(0), ElementsAre(1));
  EXPECT_THAT(parts(1), ElementsAre(1, 2, 3));
  EXPECT_THAT(parts(2), ElementsAre(1, 2));
}

TEST(Strip, AFindingThatIsInNoPartIsHeld) {
  Report report = five_parts();
  for (Part& part : report.parts) part.findings.clear();
  PolicyOptions options = stripping();
  options.banned_names = {};
  const Verdict verdict = judge(report, envelope_to({"a@example.com"}), options, {}, false);
  EXPECT_EQ(verdict.dispositions[0].asked, Action::strip);
  EXPECT_EQ(verdict.dispositions[0].done, Action::quarantine);
}

TEST(Strip, NothingIsTakenOutOfWhatIsOnlyObservedOrReleased) {
  PolicyOptions options = stripping();
  const Verdict released =
      judge(five_parts(), envelope_to({"a@example.com"}), options, {.released = true}, false);
  EXPECT_EQ(released.dispositions[0].done, Action::pass);
  EXPECT_THAT(released.dispositions[0].offences, IsEmpty());
  options.mode = PolicyMode::observe;
  const Verdict observed = judge(five_parts(), envelope_to({"a@example.com"}), options, {}, false);
  EXPECT_EQ(observed.dispositions[0].done, Action::pass);
  EXPECT_TRUE(observed.dispositions[0].observed);
  EXPECT_THAT(observed.dispositions[0].offences, IsEmpty());
}

TEST(Strip, APolicyThatMayEditIsKnownAsSuch) {
  PolicyOptions options;
  EXPECT_FALSE(may_edit(options));
  options.rules.resize(1);
  options.rules[0].banned_in_archives = Action::strip;
  EXPECT_TRUE(may_edit(options));
  options.rules.clear();
  options.tag_subject = "[unsafe]";
  EXPECT_TRUE(may_edit(options));
}

}  // namespace
}  // namespace rastel::policy
