// SPDX-License-Identifier: GPL-2.0-only
#include "message/rfc2231.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "message/ascii.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t most_segments = 256;

// charset'language'text
std::string_view behind_language(std::string_view text) {
  const std::size_t first = text.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  return second == std::string_view::npos ? text : text.substr(second + 1);
}

std::string without_nuls(std::string text) {
  std::erase(text, '\0');
  return text;
}

struct Segment {
  std::size_t number = 0;
  std::string text;
};

// "name*", "name*3", "name*3*"; nothing: another parameter.
bool is_segment(std::string_view parameter, std::string_view name, std::size_t& number, bool& encoded) {
  if (!parameter.starts_with(name) || parameter.size() == name.size() || parameter[name.size()] != '*')
    return false;
  std::string_view rest = parameter.substr(name.size() + 1);
  encoded = rest.empty() || rest.ends_with('*');
  if (rest.ends_with('*')) rest.remove_suffix(1);
  number = 0;
  if (rest.empty()) return true;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return error == std::errc() && end == rest.data() + rest.size();
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hexadecimal(text[at + 1]) : -1;
    const int low = high >= 0 ? hexadecimal(text[at + 2]) : -1;
    if (low < 0) {
      result += text[at];
      continue;
    }
    result += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return result;
}

std::vector<std::string> assembled(const StructuredValue& read, std::string_view name) {
  std::vector<Segment> segments;
  for (const Parameter& parameter : read.parameters) {
    std::size_t number = 0;
    bool encoded = false;
    if (segments.size() == most_segments || !is_segment(parameter.name, name, number, encoded)) continue;
    const std::string_view text = number == 0 && encoded ? behind_language(parameter.value) : parameter.value;
    segments.push_back({number, encoded ? percent_decoded(text) : std::string(text)});
  }
  if (segments.empty()) return {};
  std::string as_they_stand, in_order, over_gaps;
  std::map<std::size_t, const Segment*> first;
  for (const Segment& segment : segments) {
    as_they_stand += segment.text;
    first.emplace(segment.number, &segment);
  }
  std::size_t next = first.begin()->first;
  for (const auto& [number, segment] : first) {
    over_gaps += segment->text;
    if (number != next) continue;
    in_order += segment->text;
    ++next;
  }
  std::vector<std::string> forms{in_order};
  // UTF-16 of ASCII is ASCII with NULs between.
  for (std::string form : {as_they_stand, over_gaps, without_nuls(in_order), segments.front().text})
    if (std::ranges::find(forms, form) == forms.end()) forms.push_back(std::move(form));
  return forms;
}

std::string charset_of_parameter(const StructuredValue& read, std::string_view name) {
  for (const Parameter& parameter : read.parameters) {
    std::size_t number = 0;
    bool encoded = false;
    if (!is_segment(parameter.name, name, number, encoded) || number != 0 || !encoded) continue;
    const std::size_t quote = parameter.value.find('\'');
    if (quote == std::string::npos) continue;
    return lower(std::string_view(parameter.value).substr(0, quote));
  }
  return {};
}

}  // namespace rastel::message
