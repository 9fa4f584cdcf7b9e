// SPDX-License-Identifier: GPL-2.0-only
#include "message/file_names.hpp"

#include <algorithm>

#include "message/charset.hpp"
#include "message/encoded_word.hpp"
#include "message/parameter_readings.hpp"
#include "message/rfc2231.hpp"

namespace rastel::message {
namespace {

void add(std::string_view name, FileNames& names) {
  if (name.empty() || std::ranges::find(names.names, name) != names.names.end()) return;
  if (name.size() > FileNames::longest_name || names.names.size() == FileNames::most_names) {
    names.cut = true;
    return;
  }
  names.names.emplace_back(name);
}

std::string as_utf8(std::string_view name) {
  if (is_valid_utf8(name)) return std::string(name);
  return to_utf8(name, "windows-1252").value_or(std::string(name));
}

void add_all_forms(std::string_view raw, std::string_view charset, FileNames& names) {
  add_file_name(as_utf8(raw), names);
  if (const auto converted = to_utf8(raw, charset)) add_file_name(*converted, names);
  if (raw.find('%') != std::string_view::npos) add_file_name(as_utf8(percent_decoded(raw)), names);
}

}  // namespace

std::string_view as_a_system_takes_it(std::string_view name) {
  name = name.substr(0, std::min(name.find('\0'), name.find(':')));
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.remove_suffix(1);
  return name;
}

void add_file_name(std::string_view name, FileNames& names) {
  if (name.size() > FileNames::longest_name) {
    names.cut = true;
    name = name.substr(name.size() - FileNames::longest_name);  // with its extension
  }
  add(name, names);
  const std::string words = decode_encoded_words(name);
  add(words, names);
  if (turns_direction(words)) names.oddities.add(Ambiguity::bidi_in_name, {0, name.size()});
  const std::string plain = plain_form(words);
  add(plain, names);
  add(as_a_system_takes_it(plain), names);
  add(as_a_system_takes_it(words), names);
}

void add_file_names(std::string_view value, FileNames& names) {
  add_file_names(value, read_structured_value(value), names);
}

void add_file_names(std::string_view value, const StructuredValue& read, FileNames& names) {
  for (const std::string_view key : {"filename", "name"}) {
    const std::string charset = charset_of_parameter(read, key);
    const ParameterReadings readings = readings_of(value, read, key);
    for (const std::string& one : readings.values) add_all_forms(one, charset, names);
    names.cut = names.cut || readings.cut;
    if (readings.repeated) names.oddities.add(Ambiguity::conflicting_names, {0, value.size()});
  }
}

}  // namespace rastel::message
