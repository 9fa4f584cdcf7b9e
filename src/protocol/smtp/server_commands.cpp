// SPDX-License-Identifier: GPL-2.0-only
// The single commands of ServerMachine: each checks its arguments and becomes an event, or is answered at once.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/planted_bug.hpp"
#include "protocol/smtp/server_machine.hpp"
#include "protocol/smtp/text.hpp"

namespace rastel::smtp {
namespace {

// A parameter of MAIL or RCPT and the keyword that must have been announced for it.
struct ParameterRow {
  std::string_view parameter, keyword;
  bool of_mail;
};
constexpr std::array parameter_rows{
    ParameterRow{"SIZE", "SIZE", true},           ParameterRow{"BODY", "8BITMIME", true},
    ParameterRow{"SMTPUTF8", "SMTPUTF8", true},   ParameterRow{"RET", "DSN", true},
    ParameterRow{"ENVID", "DSN", true},           ParameterRow{"NOTIFY", "DSN", false},
    ParameterRow{"ORCPT", "DSN", false},          ParameterRow{"BY", "DELIVERBY", true},
    ParameterRow{"HOLDFOR", "FUTURERELEASE", true}, ParameterRow{"HOLDUNTIL", "FUTURERELEASE", true},
    ParameterRow{"MT-PRIORITY", "MT-PRIORITY", true}, ParameterRow{"RRVS", "RRVS", false}};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::uint64_t largest_chunk = std::uint64_t{1} << 40;

}  // namespace

std::optional<Event> ServerMachine::dispatch(const VerbRow& row, std::string line, std::string_view arguments) {
  // `arguments` may point into `line`'s predecessor: keep both alive by copying what a row needs.
  const std::string rest(arguments);
  switch (row.verb) {
    case Verb::ehlo:
    case Verb::helo:
    case Verb::lhlo: return hello(row.verb, rest);
    case Verb::mail: return mail(std::move(line), rest);
    case Verb::rcpt: return rcpt(std::move(line), rest);
    case Verb::data: return data(rest);
    case Verb::bdat: return bdat(rest);
    case Verb::xforward: return xforward(rest);
    case Verb::rset: due_ = Due::reset; return event::Reset{};
    case Verb::noop: due_ = Due::relay; return event::Noop{};
    case Verb::quit: due_ = Due::quit; return event::Quit{};
    case Verb::vrfy:
    case Verb::expn:
    case Verb::help:
    case Verb::etrn: due_ = Due::relay; return event::Relay{row.verb, std::move(line)};
  }
  return std::nullopt;
}

std::optional<Event> ServerMachine::hello(Verb verb, std::string_view arguments) {
  if (arguments.empty() || arguments.size() > 255) return error({501, "5.5.4 Error: say your host name"});
  hello_ = verb;
  due_ = Due::hello;
  return event::Hello{verb, std::string(arguments)};
}

bool ServerMachine::parameters_known(const PathArguments& path, bool is_mail) {
  return std::ranges::all_of(path.parsed, [&](const Parameter& parameter) {
    const auto row = std::ranges::find(parameter_rows, parameter.keyword, &ParameterRow::parameter);
    return row != parameter_rows.end() && row->of_mail == is_mail && keywords_.has(row->keyword);
  });
}

std::optional<Event> ServerMachine::mail(std::string line, std::string_view arguments) {
  if (!starts_ignoring_case(arguments, "FROM:")) return error({501, "5.5.4 Error: MAIL FROM:<address>"});
  auto path = parse_path_arguments(arguments.substr(5));
  if (!path) return error({501, "5.1.7 Error: bad sender address syntax"});
  if (!parameters_known(*path, true)) return error({555, "5.5.4 Error: a parameter was not offered"});
  if (const Parameter* body = path->find("BODY");
      body != nullptr && !equal_ignoring_case(body->value, "7BIT") && !equal_ignoring_case(body->value, "8BITMIME"))
    return error({501, "5.5.4 Error: BODY is 7BIT or 8BITMIME"});
  if (has_eight_bit(path->address) && path->find("SMTPUTF8") == nullptr)
    return error({553, "5.6.7 Error: the address needs SMTPUTF8"});
  if (const Parameter* size = path->find("SIZE"); size != nullptr) {
    const auto octets = number(size->value);
    if (!octets && (size->value.empty() || !std::ranges::all_of(size->value, is_digit)))
      return error({501, "5.5.4 Error: bad SIZE"});
    // A number beyond 64 bits is a size over every limit.
    if (options_.most_content > 0 && octets.value_or(UINT64_MAX) > options_.most_content)
      return error({552, "5.3.4 Error: the message is too large"});
  }
  due_ = Due::mail;
  return event::Mail{std::move(line), std::move(*path)};
}

std::optional<Event> ServerMachine::rcpt(std::string line, std::string_view arguments) {
  if (!starts_ignoring_case(arguments, "TO:")) return error({501, "5.5.4 Error: RCPT TO:<address>"});
  auto path = parse_path_arguments(arguments.substr(3));
  if (!path || path->address.empty()) return error({501, "5.1.3 Error: bad recipient address syntax"});
  if (!parameters_known(*path, false)) return error({555, "5.5.4 Error: a parameter was not offered"});
  // Never 552: a sender would bounce the rest (RFC 5321 4.5.3.1.10).
  if (recipients_ >= options_.most_recipients) return error({452, "4.5.3 Error: too many recipients"});
  due_ = Due::rcpt;
  return event::Rcpt{std::move(line), std::move(*path)};
}

std::optional<Event> ServerMachine::data(std::string_view arguments) {
  if (!arguments.empty()) return error({501, "5.5.4 Error: DATA has no arguments"});
  if (recipients_ == 0) {
    // RFC 2033 4.2: 503 in LMTP; SMTP has "554 no valid recipients" (RFC 5321 4.5.4.1).
    return error(options_.protocol == Protocol::lmtp ? Reply(503, "5.5.1 Error: no valid recipients")
                                                     : Reply(554, "5.5.1 Error: no valid recipients"));
  }
  chunked_ = false;
  last_chunk_ = true;
  due_ = Due::data;
  return event::Data{false};
}

std::optional<Event> ServerMachine::bdat(std::string_view arguments) {
  const std::size_t end = std::min(arguments.find(' '), arguments.size());
  const std::string_view word = trim(arguments.substr(end));
  std::string_view digits = arguments.substr(0, end);
  if constexpr (planted::bdat) {
    if (!digits.empty()) (void)planted_read(digits, digits.size());
  }
  const auto octets = number(digits);
  const bool last = equal_ignoring_case(word, "LAST");
  if (!octets || *octets > largest_chunk || (!last && !word.empty())) {
    // How many octets follow is unknown: whatever comes next may be content, so nothing of it is a command.
    shut_down({501, "5.5.4 Error: BDAT size [LAST]"});
    return std::nullopt;
  }
  chunk_left_ = *octets;
  last_chunk_ = last;
  mode_ = Mode::chunk;
  const bool goes_on = state_ == in_chunks;
  if (!keywords_.has("CHUNKING")) {
    refuse_content({503, "5.5.1 Error: CHUNKING was not offered"});
  } else if (state_ != in_rcpt && !goes_on) {
    refuse_content({503, "5.5.1 Error: BDAT is not due now"});
  }
  chunked_ = true;
  if (refusal_ || goes_on) return std::nullopt;
  mode_ = Mode::command;  // until the owner has answered
  due_ = Due::data;
  return event::Data{true};
}

std::optional<Event> ServerMachine::xforward(std::string_view arguments) {
  if (!options_.may_xforward) return error({550, "5.7.1 Error: insufficient authorization"});
  auto attributes = parse_xforward(arguments);
  if (!attributes) return error({501, "5.5.4 Error: bad XFORWARD attributes"});
  due_ = Due::relay;
  return event::Xforward{std::move(*attributes)};
}

}  // namespace rastel::smtp
