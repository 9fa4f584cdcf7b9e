// SPDX-License-Identifier: GPL-2.0-only
#include "policy/rules.hpp"

#include <gtest/gtest.h>

namespace rastel::policy {
namespace {

Envelope envelope() {
  Envelope result;
  result.reverse_path = "Boss@Example.org";
  result.client.address = "192.0.2.4";
  result.door = "before";
  return result;
}

Action infected_for(const std::string& recipient, const std::vector<PolicyRule>& rules,
                    const Envelope& mail = envelope()) {
  PolicyOptions options;
  options.rules = rules;
  const Recipient to{recipient, ""};
  return settings_for(mail, &to, options).infected;
}

PolicyRule rule(Action infected) {
  PolicyRule result;
  result.infected = infected;
  return result;
}

TEST(Rules, RecipientPatterns) {
  struct Row {
    const char* pattern;
    const char* address;
    bool matches;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"user@example.com", "user@example.com", true},
           {"user@example.com", "USER@EXAMPLE.COM", true},
           {"User@Example.Com", "user@example.com", true},
           {"user@example.com", "user2@example.com", false},
           {"user@example.com", "auser@example.com", false},
           {"user@example.com", "user@sub.example.com", false},
           {"user@example.com", "user@example.com.evil.net", false},
           {"user@example.com", "", false},
           {"@example.com", "user@example.com", true},
           {"@example.com", "user@EXAMPLE.com", true},
           {"@example.com", "user@sub.example.com", false},
           {"@example.com", "user@notexample.com", false},
           {"@example.com", "example.com", false},
           {"example.com", "user@example.com", true},
           {"example.com", "user@notexample.com", false},
           {"example.com", "user@example.com.evil.net", false},
           {"postmaster", "postmaster", true},
           {"postmaster", "Postmaster", true},
           {"postmaster", "postmaster@example.com", false},
           {"<>", "", true},
           {"<>", "user@example.com", false},
           {"", "", false},
           {"", "user@example.com", false},
           {"@", "user", false},
           // The same mailbox, written so that a plain comparison would miss it.
           {"user@example.com", "\"user\"@example.com", true},
           {"user@example.com", "\"us\\er\"@example.com", true},
           {"user@example.com", "@relay.net,@b.net:user@example.com", true},
           {"user@example.com", "user@example.com.", true},
           {"example.com", "user@example.com.", true},
           {"\"odd name\"@example.com", "\"odd name\"@example.com", true},
           {"user@example.com", "\"user@example.com", false},
           {"example.com", "\"user@example.com\"@evil.net", false},
           {"user@example.com", "\"user@example.com\"@evil.net", false},
       }) {
    PolicyRule candidate = rule(Action::tag);
    candidate.recipients = {"nobody@example.net", row.pattern};
    EXPECT_EQ(infected_for(row.address, {candidate}), row.matches ? Action::tag : Action::reject)
        << row.pattern << " against " << row.address;
  }
}

TEST(Rules, FirstMatchWinsSettingBySetting) {
  PolicyOptions options;
  options.rules.resize(3);
  options.rules[0].encrypted = Action::reject;
  options.rules[0].unscanned.limit = Action::tag;
  options.rules[1].infected = Action::quarantine;
  options.rules[1].encrypted = Action::pass;
  options.rules[2].infected = Action::pass;
  options.rules[2].mode = PolicyMode::observe;
  options.rules[2].unscanned.limit = Action::reject;
  options.rules[2].unscanned.format = Action::discard;
  const Recipient to{"a@example.com", ""};
  const PolicyOptions settings = settings_for(envelope(), &to, options);
  EXPECT_EQ(settings.encrypted, Action::reject);
  EXPECT_EQ(settings.infected, Action::quarantine);
  EXPECT_EQ(settings.mode, PolicyMode::observe);
  EXPECT_EQ(settings.unscanned.limit, Action::tag);
  EXPECT_EQ(settings.unscanned.format, Action::discard);
  EXPECT_EQ(settings.suspicious, Action::quarantine) << "what no rule sets is [policy]'s";
  EXPECT_EQ(settings.unscanned.engine, Action::defer);
}

TEST(Rules, EveryGivenConditionMustHold) {
  PolicyRule full = rule(Action::tag);
  full.recipients = {"a@example.com"};
  full.senders = {"boss@example.org"};
  full.clients = {{"192.0.2.0/24"}};
  full.authenticated = true;
  full.direction = Direction::outbound;
  full.doors = {"other", "before"};
  Envelope right = envelope();
  right.client.authenticated_user = "boss";
  right.direction = Direction::outbound;
  EXPECT_EQ(infected_for("a@example.com", {full}, right), Action::tag);
  EXPECT_EQ(infected_for("b@example.com", {full}, right), Action::reject);
  Envelope wrong = right;
  wrong.reverse_path = "x@example.org";
  EXPECT_EQ(infected_for("a@example.com", {full}, wrong), Action::reject);
  wrong = right;
  wrong.client.address = "198.51.100.1";
  EXPECT_EQ(infected_for("a@example.com", {full}, wrong), Action::reject);
  wrong = right;
  wrong.client.authenticated_user.clear();
  EXPECT_EQ(infected_for("a@example.com", {full}, wrong), Action::reject);
  wrong = right;
  wrong.direction = Direction::inbound;
  EXPECT_EQ(infected_for("a@example.com", {full}, wrong), Action::reject);
  wrong = right;
  wrong.door = "after";
  EXPECT_EQ(infected_for("a@example.com", {full}, wrong), Action::reject);
}

TEST(Rules, UnixClientsAndUnknownOnes) {
  PolicyRule local = rule(Action::tag);
  local.clients = {{"unix"}, {"2001:db8::/32"}};
  Envelope mail = envelope();
  mail.client.address = "unix";
  EXPECT_EQ(infected_for("a@b.c", {local}, mail), Action::tag);
  mail.client.address = "2001:db8::7";
  EXPECT_EQ(infected_for("a@b.c", {local}, mail), Action::tag);
  mail.client.address = "";
  EXPECT_EQ(infected_for("a@b.c", {local}, mail), Action::reject);
}

// [policy].infected, rule with `senders` alone, a later rule for all; what must hold.
TEST(Rules, AForgeableSenderNeverLoosens) {
  struct Row {
    Action base, by_sender;
    std::optional<Action> later;
    Action expected;
  };
  using enum Action;
  for (const Row& row : std::initializer_list<Row>{
           {reject, pass, {}, reject},
           {reject, quarantine, {}, reject},
           {quarantine, discard, {}, quarantine},
           {tag, quarantine, {}, quarantine},
           {tag, reject, {}, reject},
           {pass, tag, {}, tag},
           {tag, discard, reject, reject},  // stricter than [policy], looser than what would hold without it
           {reject, quarantine, tag,
            quarantine},  // looser than [policy], stricter than what would hold without it
           {reject, pass, quarantine, quarantine},
       }) {
    PolicyOptions options;
    options.infected = row.base;
    options.rules.push_back(rule(row.by_sender));
    options.rules[0].senders = {"@example.org"};
    if (row.later) options.rules.push_back(rule(*row.later));
    const Recipient to{"a@example.com", ""};
    EXPECT_EQ(settings_for(envelope(), &to, options).infected, row.expected)
        << to_string(row.base) << ' ' << to_string(row.by_sender);
  }
}

TEST(Rules, ASenderLoosensOnlyTogetherWithClientsOrALogin) {
  PolicyRule by_sender = rule(Action::pass);
  by_sender.senders = {"boss@example.org"};
  EXPECT_EQ(infected_for("a@b.c", {by_sender}), Action::reject);
  PolicyRule with_client = by_sender;
  with_client.clients = {{"192.0.2.4"}};
  EXPECT_EQ(infected_for("a@b.c", {with_client}), Action::pass);
  PolicyRule not_logged_in = by_sender;
  not_logged_in.authenticated = false;
  EXPECT_EQ(infected_for("a@b.c", {not_logged_in}), Action::reject) << "not having logged in proves nothing";
  PolicyRule logged_in = by_sender;
  logged_in.authenticated = true;
  Envelope mail = envelope();
  mail.client.authenticated_user = "boss";
  EXPECT_EQ(infected_for("a@b.c", {logged_in}, mail), Action::pass);
  PolicyRule door_and_direction = by_sender;
  door_and_direction.doors = {"before"};
  door_and_direction.direction = Direction::inbound;
  door_and_direction.recipients = {"a@b.c"};
  EXPECT_EQ(infected_for("a@b.c", {door_and_direction}), Action::reject)
      << "anybody can come in by this door";
}

TEST(Rules, ASenderAloneCannotSwitchToObserving) {
  PolicyOptions options;
  options.rules.resize(1);
  options.rules[0].senders = {"example.org"};
  options.rules[0].mode = PolicyMode::observe;
  const Recipient to{"a@example.com", ""};
  EXPECT_EQ(settings_for(envelope(), &to, options).mode, PolicyMode::enforce);
  options.mode = PolicyMode::observe;
  options.rules[0].mode = PolicyMode::enforce;
  EXPECT_EQ(settings_for(envelope(), &to, options).mode, PolicyMode::enforce);
}

TEST(Rules, EveryReasonOfUnscannedFallsThroughByItself) {
  const std::array<std::pair<std::optional<Action> UnscannedRule::*, UnscannedReason>, unscanned_reasons>
      rows{{
          {&UnscannedRule::engine, UnscannedReason::engine},
          {&UnscannedRule::timeout, UnscannedReason::timeout},
          {&UnscannedRule::crash, UnscannedReason::crash},
          {&UnscannedRule::memory, UnscannedReason::memory},
          {&UnscannedRule::limit, UnscannedReason::limit},
          {&UnscannedRule::format, UnscannedReason::format},
          {&UnscannedRule::truncated, UnscannedReason::truncated},
      }};
  for (const auto& [member, reason] : rows) {
    PolicyOptions options;
    options.rules.resize(1);
    options.rules[0].unscanned.*member = Action::discard;
    const Recipient to{"a@example.com", ""};
    const UnscannedActions actions = settings_for(envelope(), &to, options).unscanned;
    for (const auto& [other_member, other] : rows)
      EXPECT_EQ(action_for(other, actions) == Action::discard, other == reason)
          << to_string(reason) << to_string(other);
  }
}

}  // namespace
}  // namespace rastel::policy
