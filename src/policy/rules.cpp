// SPDX-License-Identifier: GPL-2.0-only
#include "policy/rules.hpp"

#include <algorithm>
#include <ranges>
#include <string>

#include "policy/addresses.hpp"
#include "policy/direction.hpp"

namespace rastel::policy {
namespace {

bool matches_any(const std::vector<std::string>& patterns, std::string_view address) {
  if (patterns.empty()) return true;
  const std::string plain = plain_address(address);
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return matches_address(pattern, plain); });
}

bool matches(const PolicyRule& rule, const Envelope& envelope, const Recipient* recipient) {
  if (!rule.recipients.empty() && (recipient == nullptr || !matches_any(rule.recipients, recipient->address)))
    return false;
  if (!matches_any(rule.senders, envelope.reverse_path)) return false;
  if (!rule.clients.empty() && !in_networks(rule.clients, envelope.client.address)) return false;
  if (rule.authenticated && *rule.authenticated == envelope.client.authenticated_user.empty()) return false;
  if (rule.direction && *rule.direction != envelope.direction) return false;
  return rule.doors.empty() || std::ranges::find(rule.doors, envelope.door) != rule.doors.end();
}

// Action is ordered strictest first.
void lay_over(Action& target, const std::optional<Action>& wanted, bool only_stricter) {
  if (wanted) target = only_stricter ? std::min(target, *wanted) : *wanted;
}

// What only makes stricter adds to a list; it doesn't replace it.
void lay_over(std::vector<std::string>& target, const std::optional<std::vector<std::string>>& wanted,
              bool only_stricter) {
  if (!wanted) return;
  if (!only_stricter) target.clear();
  target.insert(target.end(), wanted->begin(), wanted->end());
}

void lay_over(PolicyOptions& settings, const PolicyRule& rule) {
  const bool only_stricter = !rule.senders.empty() && rule.clients.empty() && rule.authenticated != true;
  if (rule.mode && !(only_stricter && *rule.mode == PolicyMode::observe)) settings.mode = *rule.mode;
  lay_over(settings.infected, rule.infected, only_stricter);
  lay_over(settings.suspicious, rule.suspicious, only_stricter);
  lay_over(settings.banned, rule.banned, only_stricter);
  lay_over(settings.banned_in_archives, rule.banned_in_archives, only_stricter);
  lay_over(settings.encrypted, rule.encrypted, only_stricter);
  lay_over(settings.ambiguous, rule.ambiguous, only_stricter);
  lay_over(settings.banned_names, rule.banned_names, only_stricter);
  lay_over(settings.banned_types, rule.banned_types, only_stricter);
  UnscannedActions& actions = settings.unscanned;
  lay_over(actions.engine, rule.unscanned.engine, only_stricter);
  lay_over(actions.timeout, rule.unscanned.timeout, only_stricter);
  lay_over(actions.crash, rule.unscanned.crash, only_stricter);
  lay_over(actions.memory, rule.unscanned.memory, only_stricter);
  lay_over(actions.limit, rule.unscanned.limit, only_stricter);
  lay_over(actions.format, rule.unscanned.format, only_stricter);
  lay_over(actions.truncated, rule.unscanned.truncated, only_stricter);
}

PolicyOptions without_rules(const PolicyOptions& options) {
  PolicyOptions settings;
  settings.mode = options.mode;
  settings.infected = options.infected;
  settings.suspicious = options.suspicious;
  settings.banned = options.banned;
  settings.banned_in_archives = options.banned_in_archives;
  settings.encrypted = options.encrypted;
  settings.ambiguous = options.ambiguous;
  settings.unscanned = options.unscanned;
  settings.banned_names = options.banned_names;
  settings.banned_types = options.banned_types;
  return settings;
}

}  // namespace

bool may_edit(const PolicyOptions& options) {
  if (!options.tag_subject.empty() || !options.tag_banner.empty()) return true;
  const auto strips = [](std::optional<Action> action) { return action == Action::strip; };
  const auto any_strips = [&](const auto& settings) {
    const auto& unscanned = settings.unscanned;
    return strips(settings.infected) || strips(settings.suspicious) || strips(settings.banned) ||
           strips(settings.banned_in_archives) || strips(settings.encrypted) || strips(unscanned.limit);
  };
  return any_strips(options) || std::ranges::any_of(options.rules, any_strips);
}

Action action_for(UnscannedReason reason, const UnscannedActions& actions) {
  switch (reason) {
    case UnscannedReason::engine:
      return actions.engine;
    case UnscannedReason::timeout:
      return actions.timeout;
    case UnscannedReason::crash:
      return actions.crash;
    case UnscannedReason::memory:
      return actions.memory;
    case UnscannedReason::limit:
      return actions.limit;
    case UnscannedReason::format:
      return actions.format;
    case UnscannedReason::truncated:
      return actions.truncated;
  }
  return actions.engine;
}

PolicyOptions settings_for(const Envelope& envelope, const Recipient* recipient,
                           const PolicyOptions& options) {
  PolicyOptions settings = without_rules(options);
  // From the last rule up, so that an earlier one has the last word. What may only be made stricter is then
  // compared with what all the later rules say: compared with [policy] alone, a forged sender could choose
  // "discard" where a later rule says "reject".
  for (const PolicyRule& rule : options.rules | std::views::reverse)
    if (matches(rule, envelope, recipient)) lay_over(settings, rule);
  return settings;
}

}  // namespace rastel::policy
