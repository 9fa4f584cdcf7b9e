// SPDX-License-Identifier: GPL-2.0-only
#include "message/boundary.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "message/known_fields.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view key = "boundary";
constexpr std::size_t longest_boundary = 70;  // RFC 2046 5.1.1
constexpr std::size_t cut_boundary = 80;      // where Dovecot cuts it
constexpr std::size_t most_segments = 256;    // of one parameter, RFC 2231 3

int hexadecimal(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (ascii_lower(byte) >= 'a' && ascii_lower(byte) <= 'f') return ascii_lower(byte) - 'a' + 10;
  return -1;
}

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

// charset'language'text
std::string_view behind_language(std::string_view text) {
  const std::size_t first = text.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  return second == std::string_view::npos ? text : text.substr(second + 1);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

std::string without(std::string_view text, std::string_view any) {
  std::string result;
  std::ranges::copy_if(text, std::back_inserter(result),
                       [&](char byte) { return any.find(byte) == std::string_view::npos; });
  return result;
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

class Collector {
 public:
  Collector(std::string_view value, const StructuredValue& read) : value_(value), read_(read) {}

  Boundaries collect() {
    by_grammar();
    result_.declared = !result_.values.empty();
    by_rfc2231();
    const std::size_t known = places_;
    places_ = 0;
    carve(value_);
    if (places_ > known) note(Ambiguity::hidden_parameter);
    if (value_.find('(') != std::string_view::npos) carve(without_comments(value_));
    if (value_.find('\\') != std::string_view::npos) carve(without(value_, "\\"));
    judge_default();
    return std::move(result_);
  }

 private:
  void note(Ambiguity flag) { result_.oddities.add(flag, {0, value_.size()}); }

  void add(std::string_view boundary) {
    if (std::ranges::find(result_.values, boundary) != result_.values.end()) return;
    if (result_.values.size() < Boundaries::most_boundaries)
      result_.values.emplace_back(boundary);
    else
      note(Ambiguity::limit_views);
  }

  // A value, and what it is to who trims it, cuts it or drops what is no text.
  void add_all_forms(std::string_view boundary) {
    add(boundary);
    const std::string_view bare = trimmed(boundary);
    add(bare);
    if (boundary.size() > cut_boundary) add(boundary.substr(0, cut_boundary));
    if (bare.find_first_of("\"'") != std::string_view::npos) add(without(bare, "\"'"));
    if (const std::size_t white = bare.find_first_of(" \t"); white != std::string_view::npos) {
      add(bare.substr(0, white));
      add(without(bare, " \t"));
    }
    if (const std::size_t nul = bare.find('\0'); nul != std::string_view::npos) {
      add(bare.substr(0, nul));
      add(without(bare, std::string_view("\0", 1)));
    }
  }

  void by_grammar() {
    for (const Parameter& parameter : read_.parameters) {
      if (parameter.name != key) continue;
      ++places_;
      if (places_ == 2) note(Ambiguity::duplicate_boundary);
      add(parameter.value);
    }
  }

  void by_rfc2231() {
    const std::vector<std::string> forms = assembled(read_, key);
    for (const Parameter& parameter : read_.parameters)
      if (parameter.name.starts_with(key) && parameter.name.size() > key.size()) ++places_;
    if (!forms.empty()) note(Ambiguity::rfc2231_boundary);
    for (const std::string& form : forms) add_all_forms(form);
  }

  // Every place where the key stands, wherever that is.
  void carve(std::string_view text) {
    for (std::size_t at = 0;;) {
      const std::size_t found = find_ignoring_case(text.substr(at), key);
      if (found == std::string_view::npos) return;
      at += found + key.size();
      std::size_t equals = at;
      while (equals < text.size() && (static_cast<unsigned char>(text[equals]) <= ' ' ||
                                      text[equals] == '*' || (text[equals] >= '0' && text[equals] <= '9')))
        ++equals;
      if (equals == text.size() || text[equals] != '=') continue;
      if (++places_ > Boundaries::most_boundaries) return note(Ambiguity::limit_views);
      add_value(text.substr(equals + 1));
    }
  }

  // All that the text behind a `=` may be the value of.
  void add_value(std::string_view rest) {
    const std::string_view begun = trimmed(rest);
    const std::string_view up_to_semicolon = begun.substr(0, begun.find(';'));
    if (begun.starts_with('"')) {
      const std::size_t close = begun.find('"', 1);
      const std::string_view inside = begun.substr(1, close == std::string_view::npos ? close : close - 1);
      add_all_forms(inside);
      if (close == std::string_view::npos) add_all_forms(inside.substr(0, inside.find(';')));
      if (inside.find('\\') != std::string_view::npos) add_all_forms(without(inside, "\\"));
      const std::string_view behind =
          close == std::string_view::npos ? begun : trimmed(begun.substr(close + 1));
      if (behind.empty() || behind.front() == ';') return;  // nothing about it is in doubt
    } else {
      add_all_forms(up_to_semicolon.substr(0, up_to_semicolon.find_first_of(" \t,\"(")));
    }
    add_all_forms(up_to_semicolon);
  }

  void judge_default() {
    if (!result_.declared) {
      note(Ambiguity::no_boundary);
      return;
    }
    const std::string& boundary = result_.values.front();
    if (boundary.empty()) note(Ambiguity::empty_boundary);
    if (boundary.size() > longest_boundary) note(Ambiguity::boundary_too_long);
    if (boundary != trimmed(boundary)) note(Ambiguity::white_in_boundary);
  }

  const std::string_view value_;
  const StructuredValue& read_;
  Boundaries result_;
  std::size_t places_ = 0;
};

}  // namespace

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
  std::string as_they_stand, in_order;
  std::map<std::size_t, const Segment*> first;
  for (const Segment& segment : segments) {
    as_they_stand += segment.text;
    first.emplace(segment.number, &segment);
  }
  std::size_t next = first.begin()->first;
  for (const auto& [number, segment] : first) {
    if (number != next) break;
    in_order += segment->text;
    ++next;
  }
  std::vector<std::string> forms{in_order};
  // UTF-16 of ASCII is ASCII with NULs between.
  for (std::string form :
       {as_they_stand, without(in_order, std::string_view("\0", 1)), segments.front().text})
    if (std::ranges::find(forms, form) == forms.end()) forms.push_back(std::move(form));
  return forms;
}

Boundaries boundaries_of(std::string_view value, const StructuredValue& read) {
  return Collector(value, read).collect();
}

}  // namespace rastel::message
