// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan_result.hpp"

#include <boost/json/array.hpp>

#include "base/identifier.hpp"
#include "base/options.hpp"
#include "base/utf8.hpp"
#include "policy/judge.hpp"
#include "store/report_json.hpp"

namespace rastel {
namespace {

namespace json = boost::json;

std::vector<std::string> shown(const std::vector<std::string>& all) {
  std::vector<std::string> texts;
  for (const std::string& text : all) texts.push_back(printable(text));
  return texts;
}

Part shown(const Part& part) {
  Part copy = part;
  copy.path = printable(part.path);
  copy.reading = printable(part.reading);
  copy.type = printable(part.type);
  copy.true_types = shown(part.true_types);
  copy.names = shown(part.names);
  copy.members = shown(part.members);
  copy.findings = shown(part.findings);
  return copy;
}

std::string text_in(const json::object& row, std::string_view member) {
  const json::value* value = row.if_contains(member);
  return value != nullptr && value->is_string() ? printable(value->get_string()) : std::string();
}

Action action_from_word(std::string_view word) {
  for (const auto& [name, action] : Names<Action>::names)
    if (name == word) return action;
  return Action::quarantine;
}

}  // namespace

ScanResult judged(Report report, const PolicyOptions& policy, std::uint64_t ms) {
  const Verdict verdict = policy::judge(report, Envelope{}, policy, {}, false);
  ScanResult result;
  result.id = new_message_id();
  result.message_class = verdict.message_class;
  result.reason = verdict.reason;
  result.action = verdict.dispositions.front().asked;
  result.finding = verdict.finding;
  result.report = std::move(report);
  result.ms = ms;
  return result;
}

ScanResult too_large(const PolicyOptions& policy) {
  Report report;
  report.set_unscanned(UnscannedReason::limit);
  report.findings.push_back({FindingKind::unscanned, "engine.max_message"});
  return judged(std::move(report), policy, 0);
}

json::object to_json(const ScanResult& result) {
  json::array findings, flags, parts;
  for (const Finding& finding : result.report.findings)
    findings.push_back(store::as_json(Finding{finding.kind, printable(finding.name)}));
  for (const Oddity& flag : result.report.flags) flags.push_back(store::as_json(flag));
  for (const Part& part : result.report.parts) parts.push_back(store::as_json(shown(part)));
  return {{"class", to_string(result.message_class)},
          {"reason", result.reason ? to_string(*result.reason) : std::string_view()},
          {"action", to_string(result.action)},
          {"finding", printable(result.finding)},
          {"findings", std::move(findings)},
          {"flags", std::move(flags)},
          {"parts", std::move(parts)},
          {"id", result.id},
          {"ms", result.ms},
          {"engine", printable(result.report.engine_version)},
          {"signatures", printable(result.report.signature_version)}};
}

Result<ScanResult> scan_result_from(const json::object& row) {
  if (!row.contains("class")) return fail(ErrorKind::peer, "rasteld answers what is no report");
  ScanResult result;
  result.id = text_in(row, "id");
  result.message_class = store::class_from_word(text_in(row, "class"));
  result.reason = store::reason_from_word(text_in(row, "reason"));
  if (result.reason) result.report.set_unscanned(*result.reason);
  result.action = action_from_word(text_in(row, "action"));
  result.finding = text_in(row, "finding");
  store::read_lists(row, result.report);
  result.report.engine_version = text_in(row, "engine");
  result.report.signature_version = text_in(row, "signatures");
  if (const json::value* ms = row.if_contains("ms"); ms != nullptr) {
    json::error_code ignored;
    result.ms = ms->to_number<std::uint64_t>(ignored);
  }
  return result;
}

}  // namespace rastel
