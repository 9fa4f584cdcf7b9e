// SPDX-License-Identifier: GPL-2.0-only
#include "message/parameter_readings.hpp"

#include <algorithm>
#include <iterator>

#include "message/ascii.hpp"
#include "message/rfc2231.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t cut_value = 80;  // bytes of a boundary, behind which Dovecot sees none

std::string without(std::string_view text, std::string_view any) {
  std::string result;
  std::ranges::copy_if(text, std::back_inserter(result),
                       [&](char byte) { return any.find(byte) == std::string_view::npos; });
  return result;
}

class Collector {
 public:
  Collector(std::string_view value, const StructuredValue& read, std::string_view name)
      : value_(value), read_(read), name_(name) {}

  ParameterReadings collect() {
    by_grammar();
    result_.declared = !result_.values.empty();
    by_rfc2231();
    const std::size_t known = places_;
    places_ = 0;
    carve(value_);
    result_.hidden = places_ > known;
    if (value_.find('(') != std::string_view::npos) carve(without_comments(value_));
    if (value_.find('\\') != std::string_view::npos) carve(without(value_, "\\"));
    return std::move(result_);
  }

 private:
  void add(std::string_view one) {
    if (std::ranges::find(result_.values, one) != result_.values.end()) return;
    if (result_.values.size() < ParameterReadings::most_values)
      result_.values.emplace_back(one);
    else
      result_.cut = true;
  }

  // A value, and what it is to who trims it, cuts it or drops what is no text.
  void add_all_forms(std::string_view one) {
    add(one);
    const std::string_view bare = trim(one);
    add(bare);
    if (one.size() > cut_value) add(one.substr(0, cut_value));
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
      if (parameter.name != name_) continue;
      result_.repeated = ++places_ > 1;
      add(parameter.value);
    }
  }

  void by_rfc2231() {
    const std::vector<std::string> forms = assembled(read_, name_);
    for (const Parameter& parameter : read_.parameters)
      if (parameter.name.starts_with(name_) && parameter.name.size() > name_.size()) ++places_;
    result_.by_rfc2231 = !forms.empty();
    for (const std::string& form : forms) add_all_forms(form);
  }

  // Every place where the name stands, wherever that is.
  void carve(std::string_view text) {
    for (std::size_t at = 0;;) {
      const std::size_t found = find_ignoring_case(text.substr(at), name_);
      if (found == std::string_view::npos) return;
      at += found + name_.size();
      std::size_t equals = at;
      while (equals < text.size() && (static_cast<unsigned char>(text[equals]) <= ' ' ||
                                      text[equals] == '*' || (text[equals] >= '0' && text[equals] <= '9')))
        ++equals;
      if (equals == text.size() || text[equals] != '=') continue;
      if (++places_ > ParameterReadings::most_values) {
        result_.cut = true;
        return;
      }
      add_value(text.substr(equals + 1));
    }
  }

  // All that the text behind a `=` may be the value of.
  void add_value(std::string_view rest) {
    const std::string_view begun = trim(rest);
    const std::string_view up_to_semicolon = begun.substr(0, begun.find(';'));
    if (begun.starts_with('"')) {
      const std::size_t close = begun.find('"', 1);
      const std::string_view inside = begun.substr(1, close == std::string_view::npos ? close : close - 1);
      add_all_forms(inside);
      if (close == std::string_view::npos) add_all_forms(inside.substr(0, inside.find(';')));
      if (inside.find('\\') != std::string_view::npos) add_all_forms(without(inside, "\\"));
      const std::string_view behind = close == std::string_view::npos ? begun : trim(begun.substr(close + 1));
      if (behind.empty() || behind.front() == ';') return;  // nothing about it is in doubt
    } else {
      add_all_forms(up_to_semicolon.substr(0, up_to_semicolon.find_first_of(" \t,\"(")));
    }
    add_all_forms(up_to_semicolon);
    // What follows the semicolon is a part of the value to some, if it is no parameter.
    if (up_to_semicolon.size() + 1 >= begun.size()) return;
    const std::size_t equals = begun.find('=', up_to_semicolon.size());
    const std::string_view no_parameter = begun.substr(0, begun.substr(0, equals).rfind(';'));
    add_all_forms(equals == std::string_view::npos ? begun : no_parameter);
  }

  const std::string_view value_;
  const StructuredValue& read_;
  const std::string_view name_;
  ParameterReadings result_;
  std::size_t places_ = 0;
};

}  // namespace

ParameterReadings readings_of(std::string_view value, const StructuredValue& read, std::string_view name) {
  return Collector(value, read, name).collect();
}

}  // namespace rastel::message
