// SPDX-License-Identifier: GPL-2.0-only
#include "policy/classify.hpp"

#include <algorithm>

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

}  // namespace

std::vector<Classified> classify(const Report& report) {
  std::vector<Classified> classes;
  for (const Finding& finding : report.findings) {
    const auto message_class = class_of(finding.kind);
    if (!message_class ||
        std::ranges::find(classes, *message_class, &Classified::message_class) != classes.end())
      continue;
    classes.push_back({*message_class, std::nullopt, finding.name});
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
