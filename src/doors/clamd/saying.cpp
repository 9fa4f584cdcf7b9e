// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/saying.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "protocol/clamd/answer.hpp"

namespace rastel::doors::clamd {
namespace {

Saying error_of(std::optional<UnscannedReason> reason, MessageClass message_class) {
  if (reason == UnscannedReason::timeout)
    return {
        .kind = Saying::Kind::error, .names = {}, .reason = std::string(rastel::clamd::reason::timed_out)};
  return {.kind = Saying::Kind::error,
          .names = {},
          .reason = "Not now: " + class_with_reason(message_class, reason)};
}

Saying found(std::vector<std::string> names) {
  return {.kind = Saying::Kind::found, .names = std::move(names), .reason = {}};
}

std::string dotted(std::string_view before, std::string_view name) {
  return std::string(before) + (name.empty() ? "" : ".") + std::string(name);
}

std::vector<std::string> names_of_kinds(const Report& report) {
  std::vector<std::string> names;
  for (const FindingKind kind : {FindingKind::signature, FindingKind::heuristic})
    for (const Finding& finding : report.findings)
      if (finding.kind == kind && std::ranges::find(names, finding.name) == names.end())
        names.push_back(finding.name);
  return names;
}

// "Heuristics.Encrypted.Zip" → "Rastel.Encrypted.Zip".
std::string encrypted_name(std::string_view finding) {
  for (const std::string_view prefix : {"Heuristics.", "Encrypted."})
    if (finding.starts_with(prefix)) finding.remove_prefix(prefix.size());
  return dotted("Rastel.Encrypted", finding);
}

std::vector<std::string> names_of(const Disposition& disposition, const Report& report) {
  switch (disposition.deciding_class) {
    case MessageClass::infected:
    case MessageClass::suspicious: {
      std::vector<std::string> names = names_of_kinds(report);
      std::erase(names, disposition.finding);
      if (!disposition.finding.empty()) names.insert(names.begin(), disposition.finding);
      if (names.empty()) names.emplace_back("Rastel.Infected");
      return names;
    }
    case MessageClass::banned:
      return {"Rastel." + (disposition.finding.empty() ? std::string("Banned") : disposition.finding)};
    case MessageClass::ambiguous:
      return {dotted("Rastel.Ambiguous", in_camel_case(disposition.finding))};
    case MessageClass::encrypted:
      return {encrypted_name(disposition.finding)};
    case MessageClass::unscanned:
      return {dotted("Rastel.Unscanned",
                     in_camel_case(to_string(disposition.reason.value_or(UnscannedReason::engine))))};
    case MessageClass::clean:
      break;
  }
  return {"Rastel.Refused"};
}

Saying by_policy(const Disposition& disposition, const Report& report) {
  switch (disposition.done) {
    case Action::pass:
    case Action::tag:
      return {.kind = Saying::Kind::ok, .names = {}, .reason = {}};
    case Action::defer:
      return error_of(disposition.reason, disposition.deciding_class);
    case Action::reject:
    case Action::quarantine:
    case Action::discard:
    case Action::strip:
      break;
  }
  return found(names_of(disposition, report));
}

// clamd calls clean what meets a limit or what it can't open; what it would fail at is no verdict.
Saying by_signatures(const Disposition& disposition, const Report& report) {
  Saying ok{.kind = Saying::Kind::ok, .names = {}, .reason = {}};
  if (disposition.observed) return ok;
  if (std::vector<std::string> names = names_of_kinds(report); !names.empty()) return found(std::move(names));
  for (const auto reason : {UnscannedReason::engine, UnscannedReason::timeout, UnscannedReason::crash,
                            UnscannedReason::memory, UnscannedReason::truncated})
    if (report.has(reason)) return error_of(reason, MessageClass::unscanned);
  return ok;
}

}  // namespace

std::string in_camel_case(std::string_view code) {
  std::string text;
  bool begins = true;
  for (const char character : code) {
    if (character != '_') text += begins ? to_upper(character) : to_lower(character);
    begins = character == '_';
  }
  return text;
}

Saying saying_of(const inspect::Outcome& outcome, ClamdFindings findings) {
  if (!outcome.in_time) return error_of(UnscannedReason::timeout, MessageClass::unscanned);
  const Disposition& disposition = outcome.verdict.dispositions.front();
  return findings == ClamdFindings::policy ? by_policy(disposition, outcome.report)
                                           : by_signatures(disposition, outcome.report);
}

std::vector<std::string> lines_of(const Saying& saying, std::string_view subject,
                                  rastel::clamd::ScanKind kind) {
  if (saying.kind == Saying::Kind::ok) return {rastel::clamd::ok(subject)};
  if (saying.kind == Saying::Kind::error) return {rastel::clamd::error(subject, saying.reason)};
  std::vector<std::string> lines;
  for (const std::string& name : saying.names) {
    lines.push_back(rastel::clamd::found(subject, name));
    if (kind != rastel::clamd::ScanKind::allmatchscan) break;
  }
  return lines;
}

Action done_by(const Saying& saying) {
  switch (saying.kind) {
    case Saying::Kind::ok:
      return Action::pass;
    case Saying::Kind::found:
      return Action::reject;
    case Saying::Kind::error:
      break;
  }
  return Action::defer;
}

}  // namespace rastel::doors::clamd
