// SPDX-License-Identifier: GPL-2.0-only
#include "store/report_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace rastel::store {
namespace {

namespace json = boost::json;

std::string_view member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

const json::array* list(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::optional<FindingKind> kind_from_word(std::string_view word) {
  for (int number = 0; number <= static_cast<int>(FindingKind::unscanned); ++number) {
    const auto kind = static_cast<FindingKind>(number);
    if (to_string(kind) == word) return kind;
  }
  return std::nullopt;
}

}  // namespace

std::string report_as_json(const Report& report) {
  json::array findings;
  for (const Finding& finding : report.findings)
    findings.push_back({{"kind", to_string(finding.kind)}, {"name", finding.name}});
  json::array unscanned;
  for (std::size_t number = 0; number < unscanned_reasons; ++number) {
    const auto reason = static_cast<UnscannedReason>(number);
    if (report.has(reason)) unscanned.emplace_back(to_string(reason));
  }
  json::object object;
  object["findings"] = std::move(findings);
  object["unscanned"] = std::move(unscanned);
  object["engine_version"] = report.engine_version;
  object["signature_version"] = report.signature_version;
  object["layers"] = report.layers;
  return json::serialize(object);
}

Result<Report> report_from_json(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // what a report names is bounded where it comes in, not here
  json::error_code problem;
  const json::value value = json::parse(text, problem, {}, options);
  if (problem || !value.is_object()) return fail(ErrorKind::ours, "a stored report is damaged");
  const json::object& object = value.get_object();
  Report report;
  if (const json::array* findings = list(object, "findings"); findings != nullptr) {
    for (const json::value& entry : *findings) {
      const json::object* finding = entry.if_object();
      if (finding == nullptr) continue;
      if (const auto kind = kind_from_word(member(*finding, "kind")))
        report.findings.push_back({*kind, std::string(member(*finding, "name"))});
    }
  }
  if (const json::array* unscanned = list(object, "unscanned"); unscanned != nullptr) {
    for (const json::value& entry : *unscanned)
      if (const json::string* word = entry.if_string(); word != nullptr)
        if (const auto reason = reason_from_word(*word)) report.set_unscanned(*reason);
  }
  report.engine_version = member(object, "engine_version");
  report.signature_version = member(object, "signature_version");
  if (const json::value* layers = object.if_contains("layers"); layers != nullptr) {
    json::error_code not_a_number;
    const auto number = layers->to_number<std::uint64_t>(not_a_number);
    if (!not_a_number) report.layers = number;
  }
  return report;
}

MessageClass class_from_word(std::string_view word) {
  for (int number = 0; number <= static_cast<int>(MessageClass::unscanned); ++number) {
    const auto message_class = static_cast<MessageClass>(number);
    if (to_string(message_class) == word) return message_class;
  }
  return MessageClass::unscanned;
}

std::optional<UnscannedReason> reason_from_word(std::string_view word) {
  for (std::size_t number = 0; number < unscanned_reasons; ++number) {
    const auto reason = static_cast<UnscannedReason>(number);
    if (to_string(reason) == word) return reason;
  }
  return std::nullopt;
}

}  // namespace rastel::store
