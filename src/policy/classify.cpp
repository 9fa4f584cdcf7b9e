// SPDX-License-Identifier: GPL-2.0-only
#include "policy/classify.hpp"

#include <algorithm>
#include <string_view>

#include "base/ascii.hpp"
#include "policy/globs.hpp"

namespace rastel::policy {
namespace {

std::optional<MessageClass> class_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::signature:
      return MessageClass::infected;
    case FindingKind::heuristic:
      return MessageClass::suspicious;
    case FindingKind::encrypted:
      return MessageClass::encrypted;
    case FindingKind::macros:
    case FindingKind::broken:
    case FindingKind::phishing:
    case FindingKind::unscanned:
      return std::nullopt;
  }
  return std::nullopt;
}

// Fit for a reply and for the log, as names of findings are.
std::string finding_of(std::string_view kind, std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string name = "Banned.";
  name += kind;
  name += '.';
  for (const char character : text.substr(0, longest)) {
    const bool fits = is_alpha(character) || is_digit(character) || character == '.' || character == '_';
    name += fits ? character : '-';
  }
  return name;
}

std::optional<Classified> banned_by_itself(const Part& part, const Banned& banned) {
  for (const std::string& name : part.names)
    if (matches_any_glob(banned.names, name))
      return Classified{.message_class = MessageClass::banned, .finding = finding_of("Name", name)};
  for (const std::string& type : part.true_types)
    if (matches_any_glob(banned.types, type))
      return Classified{.message_class = MessageClass::banned, .finding = finding_of("Type", type)};
  return std::nullopt;
}

std::optional<Classified> banned_within(const Part& part, const Banned& banned) {
  for (const std::string& name : part.members)
    if (matches_any_glob(banned.names, name))
      return Classified{
          .message_class = MessageClass::banned, .finding = finding_of("Archived", name), .in_archive = true};
  return std::nullopt;
}

void add_banned(const Report& report, const Banned& banned, std::vector<Classified>& classes) {
  std::optional<Classified> itself, within;
  for (const Part& part : report.parts) {
    if (!itself) itself = banned_by_itself(part, banned);
    if (!within) within = banned_within(part, banned);
  }
  if (itself) classes.push_back(*std::move(itself));
  if (within) classes.push_back(*std::move(within));
}

}  // namespace

std::vector<Classified> classify(const Report& report, const Banned& banned) {
  std::vector<Classified> classes;
  for (const Finding& finding : report.findings) {
    const auto message_class = class_of(finding.kind);
    if (!message_class ||
        std::ranges::find(classes, *message_class, &Classified::message_class) != classes.end())
      continue;
    classes.push_back({*message_class, std::nullopt, finding.name});
  }
  add_banned(report, banned, classes);
  for (const Oddity& oddity : report.flags) {
    const AmbiguityRow& row = row_of(oddity.flag);
    if (row.gravity != Gravity::hard) continue;
    classes.push_back({MessageClass::ambiguous, std::nullopt, std::string(row.code)});
    break;
  }
  const auto named = std::ranges::find(report.findings, FindingKind::unscanned, &Finding::kind);
  std::bitset<unscanned_reasons> reasons = report.unscanned;
  // A worker that names what it could not look at, but gives no reason, must not end as clean.
  if (reasons.none() && named != report.findings.end())
    reasons.set(static_cast<std::size_t>(UnscannedReason::limit));
  for (std::size_t i = 0; i < unscanned_reasons; ++i)
    if (reasons.test(i))
      classes.push_back({MessageClass::unscanned, static_cast<UnscannedReason>(i),
                         named == report.findings.end() ? std::string() : named->name});
  if (classes.empty()) classes.emplace_back();
  return classes;
}

}  // namespace rastel::policy
