// SPDX-License-Identifier: GPL-2.0-only
#include "store/report_json.hpp"

#include <algorithm>
#include <vector>

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

// 0 for what is no number, or none that fits.
std::uint64_t number_in(const json::value* value) {
  if (value == nullptr) return 0;
  json::error_code not_a_number;
  const auto number = value->to_number<std::uint64_t>(not_a_number);
  return not_a_number ? 0 : number;
}

template <class Kind>
std::optional<Kind> from_word(std::string_view word, Kind last) {
  for (int number = 0; number <= static_cast<int>(last); ++number)
    if (to_string(static_cast<Kind>(number)) == word) return static_cast<Kind>(number);
  return std::nullopt;
}

json::array texts(const std::vector<std::string>& all) { return json::array(all.begin(), all.end()); }

std::vector<std::string> texts_in(const json::object& object, std::string_view name) {
  std::vector<std::string> all;
  const json::array* array = list(object, name);
  if (array == nullptr) return all;
  for (const json::value& entry : *array)
    if (const json::string* text = entry.if_string(); text != nullptr) all.emplace_back(*text);
  return all;
}

json::array range(const ByteRange& range) { return {range.begin, range.end}; }

// Nothing where it isn't two numbers in their order.
ByteRange range_in(const json::object& object, std::string_view name) {
  const json::array* array = list(object, name);
  if (array == nullptr || array->size() != 2) return {};
  const ByteRange read{number_in(&(*array)[0]), number_in(&(*array)[1])};
  return read.begin <= read.end ? read : ByteRange{};
}

Part part_from(const json::object& object) {
  Part part;
  part.path = member(object, "path");
  part.reading = member(object, "reading");
  part.type = member(object, "type");
  part.true_types = texts_in(object, "true_types");
  part.names = texts_in(object, "names");
  part.members = texts_in(object, "members");
  part.findings = texts_in(object, "findings");
  part.size = number_in(object.if_contains("size"));
  part.sha256 = Digest::from_hex(member(object, "sha256")).value_or(Digest{});
  part.entity = range_in(object, "entity");
  part.body = range_in(object, "body");
  part.looked =
      from_word(member(object, "looked"), Part::Looked::not_needed).value_or(Part::Looked::not_needed);
  return part;
}

std::optional<Oddity> flag_from(const json::object& object) {
  const auto rows = ambiguities();
  const auto row = std::ranges::find(rows, member(object, "code"), &AmbiguityRow::code);
  if (row == rows.end()) return std::nullopt;
  return Oddity{row->flag, range_in(object, "at"), number_in(object.if_contains("times"))};
}

template <class Read>
void each_object(const json::object& object, std::string_view name, const Read& read) {
  const json::array* array = list(object, name);
  if (array == nullptr) return;
  for (const json::value& entry : *array)
    if (const json::object* inner = entry.if_object(); inner != nullptr) read(*inner);
}

template <class Value>
json::array all_as_json(const std::vector<Value>& values) {
  json::array array;
  for (const Value& value : values) array.push_back(as_json(value));
  return array;
}

}  // namespace

json::object as_json(const Finding& finding) {
  return {{"kind", to_string(finding.kind)}, {"name", finding.name}};
}

json::object as_json(const Part& part) {
  json::object object{{"path", part.path},
                      {"reading", part.reading},
                      {"type", part.type},
                      {"true_type", part.true_types.empty() ? std::string() : part.true_types.front()},
                      {"true_types", texts(part.true_types)},
                      {"names", texts(part.names)},
                      {"size", part.size},
                      {"sha256", part.sha256.hex()},
                      {"findings", texts(part.findings)},
                      {"looked", to_string(part.looked)},
                      {"members", texts(part.members)}};
  if (part.entity != ByteRange{}) object.emplace("entity", range(part.entity));
  if (part.body != ByteRange{}) object.emplace("body", range(part.body));
  return object;
}

json::object as_json(const Oddity& flag) {
  const AmbiguityRow& row = row_of(flag.flag);
  return {{"code", row.code},
          {"gravity", row.gravity == Gravity::hard ? "hard" : "soft"},
          {"at", range(flag.first)},
          {"times", flag.times}};
}

void read_lists(const json::object& object, Report& report) {
  each_object(object, "findings", [&](const json::object& finding) {
    if (const auto kind = from_word(member(finding, "kind"), FindingKind::unscanned))
      report.findings.push_back({*kind, std::string(member(finding, "name"))});
  });
  each_object(object, "parts", [&](const json::object& part) { report.parts.push_back(part_from(part)); });
  each_object(object, "flags", [&](const json::object& flag) {
    if (const auto read = flag_from(flag)) report.flags.push_back(*read);
  });
}

std::string report_as_json(const Report& report) {
  json::array unscanned;
  for (std::size_t number = 0; number < unscanned_reasons; ++number) {
    const auto reason = static_cast<UnscannedReason>(number);
    if (report.has(reason)) unscanned.emplace_back(to_string(reason));
  }
  json::object object;
  object["findings"] = all_as_json(report.findings);
  object["parts"] = all_as_json(report.parts);
  object["flags"] = all_as_json(report.flags);
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
  read_lists(object, report);
  if (const json::array* unscanned = list(object, "unscanned"); unscanned != nullptr) {
    for (const json::value& entry : *unscanned)
      if (const json::string* word = entry.if_string(); word != nullptr)
        if (const auto reason = reason_from_word(*word)) report.set_unscanned(*reason);
  }
  report.engine_version = member(object, "engine_version");
  report.signature_version = member(object, "signature_version");
  report.layers = number_in(object.if_contains("layers"));
  return report;
}

MessageClass class_from_word(std::string_view word) {
  return from_word(word, MessageClass::unscanned).value_or(MessageClass::unscanned);
}

std::optional<UnscannedReason> reason_from_word(std::string_view word) {
  return from_word(word, UnscannedReason::truncated);
}

}  // namespace rastel::store
