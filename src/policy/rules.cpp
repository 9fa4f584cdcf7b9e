// SPDX-License-Identifier: GPL-2.0-only
#include "policy/rules.hpp"

#include <algorithm>

namespace rastel::policy {
namespace {

char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}

bool equal(std::string_view left, std::string_view right) { return std::ranges::equal(left, right, {}, lower, lower); }

// "user@example.com" the address, "@example.com" and "example.com" its domain.
bool matches_address(std::string_view pattern, std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::string_view domain = at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
  if (pattern.starts_with('@')) return equal(pattern.substr(1), domain);
  if (pattern.find('@') == std::string_view::npos) return equal(pattern, domain) || equal(pattern, address);
  return equal(pattern, address);
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view address) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches_address(pattern, address); });
}

bool matches(const PolicyRule& rule, const Envelope& envelope, const Recipient* recipient) {
  if (!rule.recipients.empty() && (recipient == nullptr || !matches_any(rule.recipients, recipient->address))) return false;
  if (!matches_any(rule.senders, envelope.reverse_path)) return false;
  if (!rule.clients.empty() && std::ranges::none_of(rule.clients, [&](const Network& network) {
        return network.matches(envelope.client.address);
      }))
    return false;
  if (rule.authenticated && *rule.authenticated == envelope.client.authenticated_user.empty()) return false;
  if (rule.direction && *rule.direction != envelope.direction) return false;
  return rule.doors.empty() || std::ranges::find(rule.doors, envelope.door) != rule.doors.end();
}

// Lays rules over [policy]; remembers what an earlier rule has set.
class Overlay {
 public:
  Overlay(Action& target, bool& taken) : target_(target), taken_(taken) {}
  void set(const std::optional<Action>& wanted, bool only_stricter) {
    if (!wanted || taken_) return;
    if (only_stricter && *wanted >= target_) return;  // Action is ordered strictest first
    target_ = *wanted;
    taken_ = true;
  }

 private:
  Action& target_;
  bool& taken_;
};

}  // namespace

Action action_for(UnscannedReason reason, const UnscannedActions& actions) {
  switch (reason) {
    case UnscannedReason::engine: return actions.engine;
    case UnscannedReason::timeout: return actions.timeout;
    case UnscannedReason::crash: return actions.crash;
    case UnscannedReason::memory: return actions.memory;
    case UnscannedReason::limit: return actions.limit;
    case UnscannedReason::format: return actions.format;
    case UnscannedReason::truncated: return actions.truncated;
  }
  return actions.engine;
}

PolicyOptions settings_for(const Envelope& envelope, const Recipient* recipient, const PolicyOptions& options) {
  PolicyOptions settings;
  settings.mode = options.mode;
  settings.infected = options.infected;
  settings.suspicious = options.suspicious;
  settings.encrypted = options.encrypted;
  settings.unscanned = options.unscanned;
  bool mode_taken = false;
  std::array<bool, 10> taken{};
  for (const PolicyRule& rule : options.rules) {
    if (!matches(rule, envelope, recipient)) continue;
    const bool only_stricter = !rule.senders.empty() && rule.clients.empty() && rule.authenticated != true;
    if (rule.mode && !mode_taken && !(only_stricter && *rule.mode == PolicyMode::observe)) {
      settings.mode = *rule.mode;
      mode_taken = true;
    }
    const UnscannedRule& unscanned = rule.unscanned;
    UnscannedActions& actions = settings.unscanned;
    Overlay(settings.infected, taken[0]).set(rule.infected, only_stricter);
    Overlay(settings.suspicious, taken[1]).set(rule.suspicious, only_stricter);
    Overlay(settings.encrypted, taken[2]).set(rule.encrypted, only_stricter);
    Overlay(actions.engine, taken[3]).set(unscanned.engine, only_stricter);
    Overlay(actions.timeout, taken[4]).set(unscanned.timeout, only_stricter);
    Overlay(actions.crash, taken[5]).set(unscanned.crash, only_stricter);
    Overlay(actions.memory, taken[6]).set(unscanned.memory, only_stricter);
    Overlay(actions.limit, taken[7]).set(unscanned.limit, only_stricter);
    Overlay(actions.format, taken[8]).set(unscanned.format, only_stricter);
    Overlay(actions.truncated, taken[9]).set(unscanned.truncated, only_stricter);
  }
  return settings;
}

}  // namespace rastel::policy
