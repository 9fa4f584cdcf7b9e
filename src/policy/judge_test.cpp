// SPDX-License-Identifier: GPL-2.0-only
// Policy against written-out tables: what is expected stands here letter by letter and is not computed.
#include "policy/judge.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

namespace rastel::policy {
namespace {

// Reject, Quarantine, Discard, deFer, Strip, Tag, Pass; strictest first.
constexpr std::string_view letters = "RQDFSTP";

char letter(Action action) { return letters[static_cast<std::size_t>(action)]; }
Action action(std::size_t index) { return static_cast<Action>(index); }

// Which setting of the policy a row is about, and the report that it decides on.
struct Case {
  const char* name;
  MessageClass message_class;
  std::optional<UnscannedReason> reason;
  std::optional<FindingKind> kind;
  void (*set)(PolicyRule& rule, Action action);
};

#define RASTEL_UNSCANNED_CASE(reason)                                               \
  Case {                                                                            \
    "unscanned(" #reason ")", MessageClass::unscanned, UnscannedReason::reason, {}, \
        [](PolicyRule& rule, Action wanted) { rule.unscanned.reason = wanted; }     \
  }

constexpr std::array cases{
    Case{"infected",
         MessageClass::infected,
         {},
         FindingKind::signature,
         [](PolicyRule& rule, Action wanted) { rule.infected = wanted; }},
    Case{"suspicious",
         MessageClass::suspicious,
         {},
         FindingKind::heuristic,
         [](PolicyRule& rule, Action wanted) { rule.suspicious = wanted; }},
    Case{"encrypted",
         MessageClass::encrypted,
         {},
         FindingKind::encrypted,
         [](PolicyRule& rule, Action wanted) { rule.encrypted = wanted; }},
    Case{"banned",
         MessageClass::banned,
         {},
         {},
         [](PolicyRule& rule, Action wanted) { rule.banned = wanted; }},
    Case{"banned in archives",
         MessageClass::banned,
         {},
         {},
         [](PolicyRule& rule, Action wanted) { rule.banned_in_archives = wanted; }},
    Case{"ambiguous",
         MessageClass::ambiguous,
         {},
         {},
         [](PolicyRule& rule, Action wanted) { rule.ambiguous = wanted; }},
    RASTEL_UNSCANNED_CASE(engine),
    RASTEL_UNSCANNED_CASE(timeout),
    RASTEL_UNSCANNED_CASE(crash),
    RASTEL_UNSCANNED_CASE(memory),
    RASTEL_UNSCANNED_CASE(limit),
    RASTEL_UNSCANNED_CASE(format),
    RASTEL_UNSCANNED_CASE(truncated),
};

Report report_of(const Case& row) {
  Report report;
  if (row.kind) {
    report.findings.push_back({*row.kind, "Name"});
    Part part{.path = "1", .reading = "", .type = "application/zip"};
    part.findings = {"Name"};
    report.parts.push_back(part);
  }
  if (row.reason) report.set_unscanned(*row.reason);
  const bool archived = std::string_view(row.name) == "banned in archives";
  if (row.message_class == MessageClass::banned) {
    Part part{.path = "1", .reading = "", .type = "application/zip"};
    (archived ? part.members : part.names) = {"a.exe"};
    report.parts.push_back(part);
  }
  if (row.message_class == MessageClass::ambiguous) report.flags.push_back({Ambiguity::bare_cr, {0, 1}});
  return report;
}

std::string finding_of(const Case& row) {
  if (row.kind) return "Name";
  if (row.message_class == MessageClass::ambiguous) return "BARE_CR";
  if (row.message_class != MessageClass::banned) return "";
  return std::string_view(row.name) == "banned" ? "Banned.Name.a.exe" : "Banned.Archived.a.exe";
}

Envelope envelope_to(std::initializer_list<const char*> addresses, Place place = Place::before_queue) {
  Envelope envelope;
  envelope.reverse_path = "sender@example.org";
  envelope.place = place;
  envelope.door = "door";
  envelope.client.address = "192.0.2.4";
  for (const char* address : addresses) envelope.recipients.push_back({address, ""});
  return envelope;
}

std::string done_letters(const Verdict& verdict) {
  std::string text;
  for (const Disposition& disposition : verdict.dispositions) text += letter(disposition.done);
  return text;
}

// Where no part is to blame, nothing can be taken out.
std::string as_far_as_it_goes(const Case& row, std::string expected) {
  const bool of_a_part =
      row.message_class != MessageClass::ambiguous && row.message_class != MessageClass::unscanned;
  if (!of_a_part) std::ranges::replace(expected, 'S', 'Q');
  return expected;
}

constexpr std::array places{Place::before_queue, Place::outbound, Place::after_queue};

// asked: before the queue and outbound, after the queue
struct SingleRow {
  char asked, before, after;
};
constexpr std::array single_table{
    SingleRow{'R', 'R', 'Q'}, SingleRow{'Q', 'Q', 'Q'}, SingleRow{'D', 'D', 'D'}, SingleRow{'F', 'F', 'F'},
    SingleRow{'S', 'S', 'S'}, SingleRow{'T', 'T', 'T'}, SingleRow{'P', 'P', 'P'},
};

// One SMTP reply for two recipients; row: what the first asks, column: the second. What is done for first and
// second.
constexpr std::array<std::array<const char*, 7>, 7> pair_before{{
    //  R     Q     D     F     S     T     P
    {"RR", "QQ", "QD", "FF", "QS", "QT", "QP"},  // R
    {"QQ", "QQ", "QD", "FF", "QS", "QT", "QP"},  // Q
    {"DQ", "DQ", "DD", "FF", "DS", "DT", "DP"},  // D
    {"FF", "FF", "FF", "FF", "FF", "FF", "FF"},  // F
    {"SQ", "SQ", "SD", "FF", "SS", "ST", "SP"},  // S
    {"TQ", "TQ", "TD", "FF", "TS", "TT", "TP"},  // T
    {"PQ", "PQ", "PD", "FF", "PS", "PT", "PP"},  // P
}};
constexpr std::array<std::array<const char*, 7>, 7> pair_after{{
    {"QQ", "QQ", "QD", "FF", "QS", "QT", "QP"},  // R
    {"QQ", "QQ", "QD", "FF", "QS", "QT", "QP"},  // Q
    {"DQ", "DQ", "DD", "FF", "DS", "DT", "DP"},  // D
    {"FF", "FF", "FF", "FF", "FF", "FF", "FF"},  // F
    {"SQ", "SQ", "SD", "FF", "SS", "ST", "SP"},  // S
    {"TQ", "TQ", "TD", "FF", "TS", "TT", "TP"},  // T
    {"PQ", "PQ", "PD", "FF", "PS", "PT", "PP"},  // P
}};
// A reply a recipient (LMTP): each its own.
constexpr std::array<std::array<const char*, 7>, 7> pair_each_before{{
    {"RR", "RQ", "RD", "RF", "RS", "RT", "RP"},  // R
    {"QR", "QQ", "QD", "QF", "QS", "QT", "QP"},  // Q
    {"DR", "DQ", "DD", "DF", "DS", "DT", "DP"},  // D
    {"FR", "FQ", "FD", "FF", "FS", "FT", "FP"},  // F
    {"SR", "SQ", "SD", "SF", "SS", "ST", "SP"},  // S
    {"TR", "TQ", "TD", "TF", "TS", "TT", "TP"},  // T
    {"PR", "PQ", "PD", "PF", "PS", "PT", "PP"},  // P
}};
constexpr std::array<std::array<const char*, 7>, 7> pair_each_after{{
    {"QQ", "QQ", "QD", "QF", "QS", "QT", "QP"},  // R
    {"QQ", "QQ", "QD", "QF", "QS", "QT", "QP"},  // Q
    {"DQ", "DQ", "DD", "DF", "DS", "DT", "DP"},  // D
    {"FQ", "FQ", "FD", "FF", "FS", "FT", "FP"},  // F
    {"SQ", "SQ", "SD", "SF", "SS", "ST", "SP"},  // S
    {"TQ", "TQ", "TD", "TF", "TS", "TT", "TP"},  // T
    {"PQ", "PQ", "PD", "PF", "PS", "PT", "PP"},  // P
}};

TEST(Judge, EveryClassActionPlaceAndReplyKindForOneRecipient) {
  for (const Case& row : cases)
    for (const SingleRow& expected : single_table)
      for (const Place place : places)
        for (const bool replies_per_recipient : {false, true}) {
          SCOPED_TRACE(std::string(row.name) + " " + expected.asked + " place " +
                       std::to_string(static_cast<int>(place)));
          PolicyOptions options;
          options.rules.emplace_back();
          row.set(options.rules[0], action(letters.find(expected.asked)));
          const Verdict verdict = judge(report_of(row), envelope_to({"a@example.com"}, place), options, {},
                                        replies_per_recipient);
          ASSERT_EQ(verdict.dispositions.size(), 1U);
          const Disposition& disposition = verdict.dispositions[0];
          EXPECT_EQ(letter(disposition.asked), expected.asked);
          const char done = place == Place::after_queue ? expected.after : expected.before;
          EXPECT_EQ(std::string(1, letter(disposition.done)), as_far_as_it_goes(row, std::string(1, done)));
          EXPECT_EQ(disposition.offences.empty(), disposition.done != Action::strip);
          EXPECT_EQ(disposition.deciding_class, row.message_class);
          EXPECT_EQ(disposition.reason, row.reason);
          EXPECT_EQ(disposition.finding, finding_of(row));
          EXPECT_FALSE(disposition.observed);
          EXPECT_EQ(verdict.message_class, row.message_class);
          EXPECT_EQ(verdict.reason, row.reason);
        }
}

TEST(Judge, EveryPairOfActionsForTwoRecipients) {
  for (const Case& row : cases)
    for (std::size_t first = 0; first < letters.size(); ++first)
      for (std::size_t second = 0; second < letters.size(); ++second) {
        PolicyOptions options;
        options.rules.resize(2);
        options.rules[0].recipients = {"a@example.com"};
        row.set(options.rules[0], action(first));
        options.rules[1].recipients = {"b@example.com"};
        row.set(options.rules[1], action(second));
        for (const Place place : places) {
          SCOPED_TRACE(std::string(row.name) + " " + letters[first] + letters[second] + " place " +
                       std::to_string(static_cast<int>(place)));
          const bool after = place == Place::after_queue;
          const Envelope envelope = envelope_to({"a@example.com", "b@example.com"}, place);
          const Verdict one = judge(report_of(row), envelope, options, {}, false);
          EXPECT_EQ(done_letters(one),
                    as_far_as_it_goes(row, (after ? pair_after : pair_before)[first][second]));
          const Verdict each = judge(report_of(row), envelope, options, {}, true);
          EXPECT_EQ(done_letters(each),
                    as_far_as_it_goes(row, (after ? pair_each_after : pair_each_before)[first][second]));
          EXPECT_EQ(each.dispositions[0].recipient, 0U);
          EXPECT_EQ(each.dispositions[1].recipient, 1U);
          EXPECT_EQ(letter(one.dispositions[0].asked), letters[first]);
          EXPECT_EQ(letter(one.dispositions[1].asked), letters[second]);
        }
      }
}

TEST(Judge, ThreeRecipientsOfWhichTwoAreRefused) {
  PolicyOptions options;
  options.rules.emplace_back();
  options.rules[0].recipients = {"b@example.com"};
  options.rules[0].infected = Action::tag;
  Report report;
  report.findings = {{FindingKind::signature, "X"}};
  const Envelope envelope = envelope_to({"a@example.com", "b@example.com", "c@example.com"});
  EXPECT_EQ(done_letters(judge(report, envelope, options, {}, false)), "QTQ");
  EXPECT_EQ(done_letters(judge(report, envelope, options, {}, true)), "RTR");
}

struct PrecedenceRow {
  const char* name;
  std::vector<Finding> findings;
  std::vector<UnscannedReason> unscanned;
  MessageClass message_class;
  std::optional<UnscannedReason> reason;
  std::string finding;
  char asked;
};

TEST(Judge, WhichClassDecides) {
  using FindingKind::signature, FindingKind::heuristic, FindingKind::macros, FindingKind::broken,
      FindingKind::phishing;
  using Reason = UnscannedReason;
  using MessageClass::clean, MessageClass::infected, MessageClass::suspicious;
  const Finding virus{signature, "Eicar"}, odd{heuristic, "Odd"}, locked{FindingKind::encrypted, "Zip"},
      macro{macros, "Macro"}, torn{broken, "Torn"}, bait{phishing, "Bait"},
      rar{FindingKind::unscanned, "rar"};
  const std::vector<PrecedenceRow> table{
      {"nothing", {}, {}, clean, {}, "", 'P'},
      {"notes alone", {macro, torn, bait}, {}, clean, {}, "", 'P'},
      {"signature", {virus}, {}, infected, {}, "Eicar", 'R'},
      {"the first signature names it", {virus, {signature, "Second"}}, {}, infected, {}, "Eicar", 'R'},
      {"infected in an incomplete scan", {virus}, {Reason::limit}, infected, {}, "Eicar", 'R'},
      {"infected though the worker crashed", {virus}, {Reason::crash}, infected, {}, "Eicar", 'R'},
      {"infected though the engine broke",
       {odd, virus, locked},
       {Reason::engine, Reason::limit},
       infected,
       {},
       "Eicar",
       'R'},
      {"unscanned before suspicious",
       {odd},
       {Reason::engine},
       MessageClass::unscanned,
       Reason::engine,
       "",
       'F'},
      {"unscanned before encrypted",
       {locked},
       {Reason::timeout},
       MessageClass::unscanned,
       Reason::timeout,
       "",
       'F'},
      {"engine before limit",
       {},
       {Reason::limit, Reason::engine},
       MessageClass::unscanned,
       Reason::engine,
       "",
       'F'},
      {"crash before memory",
       {},
       {Reason::memory, Reason::crash},
       MessageClass::unscanned,
       Reason::crash,
       "",
       'F'},
      {"timeout before crash",
       {},
       {Reason::crash, Reason::timeout},
       MessageClass::unscanned,
       Reason::timeout,
       "",
       'F'},
      {"memory before limit",
       {},
       {Reason::limit, Reason::memory},
       MessageClass::unscanned,
       Reason::memory,
       "",
       'Q'},
      {"limit before format",
       {},
       {Reason::format, Reason::limit},
       MessageClass::unscanned,
       Reason::limit,
       "",
       'Q'},
      {"format before truncated",
       {},
       {Reason::truncated, Reason::format},
       MessageClass::unscanned,
       Reason::format,
       "",
       'Q'},
      {"truncated", {}, {Reason::truncated}, MessageClass::unscanned, Reason::truncated, "", 'F'},
      {"format says which", {rar}, {Reason::format}, MessageClass::unscanned, Reason::format, "rar", 'Q'},
      {"a finding of unscanned without a reason is never clean",
       {rar},
       {},
       MessageClass::unscanned,
       Reason::limit,
       "rar",
       'Q'},
      {"suspicious before encrypted by strictness", {locked, odd}, {}, suspicious, {}, "Odd", 'Q'},
      {"encrypted", {macro, locked}, {}, MessageClass::encrypted, {}, "Zip", 'T'},
  };
  for (const PrecedenceRow& row : table) {
    SCOPED_TRACE(row.name);
    Report report;
    report.findings = row.findings;
    for (const Reason reason : row.unscanned) report.set_unscanned(reason);
    const Verdict verdict = judge(report, envelope_to({"a@example.com"}), {}, {}, false);
    EXPECT_EQ(verdict.message_class, row.message_class);
    EXPECT_EQ(verdict.reason, row.reason);
    EXPECT_EQ(verdict.finding, row.finding);
    EXPECT_EQ(letter(verdict.dispositions.at(0).asked), row.asked);
  }
}

TEST(Judge, StrictestActionDecidesBetweenSuspiciousAndEncrypted) {
  Report report;
  report.findings = {{FindingKind::heuristic, "Odd"}, {FindingKind::encrypted, "Zip"}};
  for (std::size_t odd = 0; odd < letters.size(); ++odd)
    for (std::size_t locked = 0; locked < letters.size(); ++locked) {
      PolicyOptions options;
      options.suspicious = action(odd);
      options.encrypted = action(locked);
      const Verdict verdict = judge(report, envelope_to({"a@example.com"}), options, {}, false);
      const bool by_encryption = locked < odd;
      EXPECT_EQ(letter(verdict.dispositions[0].asked), letters[by_encryption ? locked : odd]);
      EXPECT_EQ(verdict.message_class, by_encryption ? MessageClass::encrypted : MessageClass::suspicious);
    }
}

TEST(Judge, InfectedDecidesEvenWhenItsActionIsLooser) {
  PolicyOptions options;
  options.infected = Action::tag;
  options.encrypted = Action::reject;
  Report report;
  report.findings = {{FindingKind::encrypted, "Zip"}, {FindingKind::signature, "X"}};
  report.set_unscanned(UnscannedReason::limit);
  const Verdict verdict = judge(report, envelope_to({"a@example.com"}), options, {}, false);
  EXPECT_EQ(done_letters(verdict), "T");
  EXPECT_EQ(verdict.message_class, MessageClass::infected);
}

TEST(Judge, SecondTimeoutOrCrashTakesTheQuarantineBranch) {
  //                  configured:  R    Q    D    F    S    T    P
  constexpr std::string_view after_the_second = "RQQQQQQ";
  for (const UnscannedReason reason : {UnscannedReason::timeout, UnscannedReason::crash})
    for (std::size_t configured = 0; configured < letters.size(); ++configured) {
      PolicyOptions options;
      options.unscanned.timeout = options.unscanned.crash = action(configured);
      Report report;
      report.set_unscanned(reason);
      const Verdict verdict =
          judge(report, envelope_to({"a@example.com"}), options, {.repeated_failure = true}, false);
      EXPECT_EQ(letter(verdict.dispositions[0].asked), after_the_second[configured]);
    }
  Report broken;
  broken.set_unscanned(UnscannedReason::engine);
  EXPECT_EQ(
      done_letters(judge(broken, envelope_to({"a@example.com"}), {}, {.repeated_failure = true}, false)), "F")
      << "the engine's own trouble is not the message's fault";
}

TEST(Judge, ReleasedPassesWhateverIsFound) {
  for (const Case& row : cases)
    for (const Place place : places) {
      const Verdict verdict = judge(report_of(row), envelope_to({"a@example.com", "b@example.com"}, place),
                                    {}, {.repeated_failure = true, .released = true}, false);
      EXPECT_EQ(done_letters(verdict), "PP") << row.name;
      EXPECT_EQ(verdict.message_class, row.message_class) << "what it is stays said";
    }
}

TEST(Judge, ObserveModePassesAndSaysWhatWouldHaveHappened) {
  PolicyOptions options;
  options.mode = PolicyMode::observe;
  for (const Case& row : cases)
    for (std::size_t asked = 0; asked < letters.size(); ++asked)
      for (const Place place : places) {
        PolicyOptions with_rule = options;
        with_rule.rules.emplace_back();
        row.set(with_rule.rules[0], action(asked));
        const Verdict verdict =
            judge(report_of(row), envelope_to({"a@example.com"}, place), with_rule, {}, false);
        EXPECT_EQ(letter(verdict.dispositions[0].asked), letters[asked]);
        EXPECT_EQ(done_letters(verdict), "P");
        EXPECT_EQ(verdict.dispositions[0].observed, letters[asked] != 'P');
        EXPECT_EQ(verdict.message_class, row.message_class);
      }
  EXPECT_FALSE(judge({}, envelope_to({"a@example.com"}), options, {}, false).dispositions[0].observed);
}

TEST(Judge, ObservingForOneRecipientOnly) {
  PolicyOptions options;
  options.rules.emplace_back();
  options.rules[0].recipients = {"a@example.com"};
  options.rules[0].mode = PolicyMode::observe;
  Report report;
  report.findings = {{FindingKind::signature, "X"}};
  const Envelope envelope = envelope_to({"a@example.com", "b@example.com"});
  const Verdict verdict = judge(report, envelope, options, {}, false);
  EXPECT_EQ(done_letters(verdict), "PQ") << "the second is a subset of what one reply answers";
  EXPECT_TRUE(verdict.dispositions[0].observed);
  EXPECT_FALSE(verdict.dispositions[1].observed);
  EXPECT_EQ(verdict.message_class, MessageClass::infected);
}

TEST(Judge, WithoutRecipientsThereIsOneDispositionWithoutRecipientRules) {
  PolicyOptions options;
  options.rules.resize(2);
  options.rules[0].recipients = {"a@example.com"};
  options.rules[0].infected = Action::pass;
  options.rules[1].infected = Action::quarantine;
  Report report;
  report.findings = {{FindingKind::signature, "X"}};
  EXPECT_EQ(done_letters(judge(report, envelope_to({}), options, {}, false)), "Q");
  EXPECT_EQ(done_letters(judge(report, envelope_to({}), options, {}, true)), "Q");
}

TEST(Judge, TheVerdictIsThatOfTheStrictestRecipient) {
  PolicyOptions options;
  options.rules.emplace_back();
  options.rules[0].recipients = {"a@example.com"};
  options.rules[0].suspicious = Action::pass;
  Report report;
  report.findings = {{FindingKind::encrypted, "Zip"}, {FindingKind::heuristic, "Odd"}};
  const Verdict verdict = judge(report, envelope_to({"a@example.com", "b@example.com"}), options, {}, false);
  EXPECT_EQ(verdict.dispositions[0].deciding_class, MessageClass::encrypted);
  EXPECT_EQ(verdict.dispositions[1].deciding_class, MessageClass::suspicious);
  EXPECT_EQ(verdict.message_class, MessageClass::suspicious);
  EXPECT_EQ(verdict.finding, "Odd");
}

}  // namespace
}  // namespace rastel::policy
