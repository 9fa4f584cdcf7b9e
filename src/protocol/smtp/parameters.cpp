// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/parameters.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace rastel::smtp {
namespace {

struct ParameterRow {
  std::string_view parameter, keyword;
  ParameterOf command;
};
using enum ParameterOf;
constexpr std::array rows{
    ParameterRow{"SIZE", "SIZE", mail},
    ParameterRow{"BODY", "8BITMIME", mail},
    ParameterRow{"SMTPUTF8", "SMTPUTF8", mail},
    ParameterRow{"RET", "DSN", mail},
    ParameterRow{"ENVID", "DSN", mail},
    ParameterRow{"NOTIFY", "DSN", rcpt},
    ParameterRow{"ORCPT", "DSN", rcpt},
    ParameterRow{"BY", "DELIVERBY", mail},
    ParameterRow{"HOLDFOR", "FUTURERELEASE", mail},
    ParameterRow{"HOLDUNTIL", "FUTURERELEASE", mail},
    ParameterRow{"MT-PRIORITY", "MT-PRIORITY", mail},
    ParameterRow{"RRVS", "RRVS", rcpt},
    ParameterRow{"REQUIRETLS", "REQUIRETLS", mail},
    ParameterRow{"PRDR", "PRDR", mail},
    ParameterRow{"AUTH", "AUTH", mail},  // RFC 4954 5
};

}  // namespace

std::string_view keyword_for(std::string_view parameter, ParameterOf command) {
  const auto* row = std::ranges::find(rows, parameter, &ParameterRow::parameter);
  return row != rows.end() && row->command == command ? row->keyword : std::string_view();
}

std::string without_parameter(std::string_view parameters, std::string_view keyword) {
  std::string kept;
  for (std::string_view left = parameters; !(left = trim(left)).empty();) {
    const std::string_view one = left.substr(0, std::min(left.find(' '), left.size()));
    const bool named = equal_ignoring_case(one.substr(0, std::min(one.find('='), one.size())), keyword);
    if (!named) {
      if (!kept.empty()) kept += ' ';
      kept += one;
    }
    left.remove_prefix(one.size());
  }
  return kept;
}

std::vector<std::string_view> keywords_needed(const PathArguments& path, ParameterOf command) {
  std::vector<std::string_view> keywords;
  for (const Parameter& parameter : path.parsed) keywords.push_back(keyword_for(parameter.keyword, command));
  return keywords;
}

}  // namespace rastel::smtp
