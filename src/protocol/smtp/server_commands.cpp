// SPDX-License-Identifier: GPL-2.0-only
// The command table of ServerMachine and its single commands: each checks its arguments and becomes an event
// or a refusal, and is applied once the owner has answered. A verb without a row is answered 502 and never
// relayed: it might switch a server to a mode that we can't read (XEXCH50, BURL, COMPRESS, ATRN; PROTOCOLS
//
#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "protocol/smtp/parameters.hpp"
#include "protocol/smtp/server_machine.hpp"

namespace rastel::smtp {
namespace {

std::unexpected<Reply> refuse(int code, std::string text) {
  return std::unexpected(Reply(code, std::move(text)));
}

// nullopt: no number. What is beyond 64 bits is the largest number: over every limit, whatever the limit.
std::optional<std::uint64_t> size_of(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() ? value : UINT64_MAX;
}

// Takes a parameter that is ours alone out of a command that will be forwarded, and out of what is kept of
// it.
void take_out(std::string_view keyword, std::string& line, std::string_view arguments, PathArguments& path) {
  std::string kept = without_parameter(path.parameters, keyword);
  // The parameters are the end of the arguments, which are a part of the line.
  const std::size_t end_of_path =
      static_cast<std::size_t>(arguments.data() - line.data()) + arguments.size() - path.parameters.size();
  line = std::string(trim(std::string_view(line).substr(0, end_of_path))) + (kept.empty() ? "" : " ") + kept;
  path.parameters = std::move(kept);
  std::erase_if(path.parsed, [&](const Parameter& parameter) { return parameter.keyword == keyword; });
}

constexpr std::uint64_t largest_chunk = std::uint64_t{1} << 40U;

struct Chunk {
  std::uint64_t octets = 0;
  bool last = false;
};

// "1000", "0 LAST". nullopt: something else, or more than largest_chunk.
std::optional<Chunk> parse_chunk(std::string_view text) {
  Chunk chunk;
  std::size_t at = 0;
  const std::size_t end = text.size() + (RASTEL_PLANTED(bdat) ? 1 : 0);
  for (; at < end; ++at) {
    const char digit = planted_read(text, at);
    if (!is_digit(digit)) break;
    chunk.octets = chunk.octets * 10 + static_cast<std::uint64_t>(digit - '0');
    if (chunk.octets > largest_chunk) return std::nullopt;
  }
  if (at == 0) return std::nullopt;
  const std::string_view rest = text.substr(std::min(at, text.size()));
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  chunk.last = equal_ignoring_case(trim(rest), "LAST");
  if (!chunk.last && !trim(rest).empty()) return std::nullopt;
  return chunk;
}

}  // namespace

const ServerMachine::Row* ServerMachine::find_row(std::string_view word) {
  using enum Verb;
  using enum Protocols;
  using enum Pipelining;
  using S = ServerMachine;
  constexpr std::uint8_t said_hello = identified | in_mail | in_rcpt;
  static constexpr std::array rows{
      Row{"EHLO", ehlo, smtp_only, any_state, ends_group, &S::check_hello, &S::apply_nothing, ""},
      Row{"HELO", helo, smtp_only, any_state, ends_group, &S::check_hello, &S::apply_nothing, ""},
      Row{"LHLO", lhlo, lmtp_only, any_state, ends_group, &S::check_hello, &S::apply_nothing, ""},
      Row{"MAIL", mail, both, identified, may_follow, &S::check_mail, &S::apply_mail,
          "5.5.1 Error: MAIL is not due now"},
      Row{"RCPT", rcpt, both, in_mail | in_rcpt, may_follow, &S::check_rcpt, &S::apply_rcpt,
          "5.5.1 Error: need MAIL command"},
      // Without a recipient each protocol has its own reply (RFC 2033 4.2): so in_mail is let through to the
      // check.
      Row{"DATA", data, both, in_mail | in_rcpt, ends_group, &S::check_data, &S::apply_data,
          "5.5.1 Error: DATA is not due now"},
      // Its octets follow whatever the reply is, so it is always read.
      Row{"BDAT", bdat, both, any_state, may_follow, &S::check_bdat, &S::apply_data, ""},
      Row{"RSET", rset, both, any_state, may_follow, &S::check_rset, &S::apply_rset, ""},
      Row{"NOOP", noop, both, any_state, ends_group, &S::check_noop, &S::apply_nothing, ""},
      Row{"QUIT", quit, both, any_state, ends_group, &S::check_quit, &S::apply_quit, ""},
      Row{"VRFY", vrfy, both, said_hello, ends_group, &S::check_relay, &S::apply_nothing,
          "5.5.1 Error: say EHLO first"},
      Row{"EXPN", expn, smtp_only, said_hello, ends_group, &S::check_relay, &S::apply_nothing,
          "5.5.1 Error: say EHLO first"},
      Row{"HELP", help, both, said_hello, ends_group, &S::check_relay, &S::apply_nothing,
          "5.5.1 Error: say EHLO first"},
      Row{"ETRN", etrn, smtp_only, identified, ends_group, &S::check_relay, &S::apply_nothing,
          "5.5.1 Error: ETRN is not due now"},
      Row{"XFORWARD", xforward, both, identified, may_follow, &S::check_xforward, &S::apply_nothing,
          "5.5.1 Error: XFORWARD is not due now"},
      Row{"STARTTLS", starttls, both, identified, ends_group, &S::check_starttls, &S::apply_starttls,
          "5.5.1 Error: STARTTLS is not due now"},
      Row{"XCLIENT", xclient, both, greeted | identified, ends_group, &S::check_xclient, &S::apply_xclient,
          "5.5.1 Error: XCLIENT is not due now"},
      Row{"AUTH", auth, both, identified, ends_group, &S::check_auth, &S::apply_auth,
          "5.5.1 Error: AUTH is not due now"},
  };
  const auto* found =
      std::ranges::find_if(rows, [&](const Row& row) { return equal_ignoring_case(row.name, word); });
  return found == rows.end() ? nullptr : found;
}

const ServerMachine::Row ServerMachine::content_end_row{
    {}, Verb::data, Protocols::both, 0, Pipelining::ends_group, nullptr, &ServerMachine::apply_content, {}};
const ServerMachine::Row ServerMachine::violation_row{
    {}, Verb::data, Protocols::both, 0, Pipelining::ends_group, nullptr, &ServerMachine::apply_quit, {}};

ServerMachine::Checked ServerMachine::check_hello(Command& command) {
  if (command.arguments.empty() || command.arguments.size() > 255)
    return refuse(501, "5.5.4 Error: say your host name");
  hello_ = command.verb;
  return event::Hello{command.verb, std::string(command.arguments)};
}

bool ServerMachine::parameters_known(const PathArguments& path, ParameterOf command) const {
  return std::ranges::all_of(path.parsed, [&](const Parameter& parameter) {
    const std::string_view keyword = keyword_for(parameter.keyword, command);
    return !keyword.empty() && keywords_.has(keyword);
  });
}

ServerMachine::Checked ServerMachine::check_mail(Command& command) {
  if (!starts_ignoring_case(command.arguments, "FROM:"))
    return refuse(501, "5.5.4 Error: MAIL FROM:<address>");
  auto path = parse_path_arguments(command.arguments.substr(5));
  if (!path) return refuse(501, "5.1.7 Error: bad sender address syntax");
  if (!parameters_known(*path, ParameterOf::mail))
    return refuse(555, "5.5.4 Error: a parameter was not offered");
  if (const Parameter* body = path->find("BODY"); body != nullptr &&
                                                  !equal_ignoring_case(body->value, "7BIT") &&
                                                  !equal_ignoring_case(body->value, "8BITMIME"))
    return refuse(501, "5.5.4 Error: BODY is 7BIT or 8BITMIME");
  if (const Parameter* required = path->find("REQUIRETLS"); required != nullptr && !required->value.empty())
    return refuse(501, "5.5.4 Error: REQUIRETLS has no value");
  const Parameter* prdr = path->find("PRDR");
  if (prdr != nullptr && !prdr->value.empty()) return refuse(501, "5.5.4 Error: PRDR has no value");
  utf8_ = path->find("SMTPUTF8") != nullptr;
  if (has_eight_bit(path->address) && !utf8_) return refuse(553, "5.6.7 Error: the address needs SMTPUTF8");
  event::Mail mail;
  if (const Parameter* size = path->find("SIZE"); size != nullptr) {
    const auto octets = size_of(size->value);
    if (!octets) return refuse(501, "5.5.4 Error: bad SIZE");
    mail.size = *octets;
    if (options_.most_content > 0 && mail.size > options_.most_content)
      return refuse(552, "5.3.4 Error: the message is too large");
  }
  prdr_ = prdr != nullptr;
  if (prdr_) take_out("PRDR", command.line, command.arguments, *path);
  mail.command = std::move(command.line);
  mail.path = std::move(*path);
  return mail;
}

void ServerMachine::apply_mail(const Reply& reply) {
  say(reply);
  if (reply.positive()) state_ = in_mail;
}

ServerMachine::Checked ServerMachine::check_rcpt(Command& command) {
  auto path = read_rcpt(command.arguments);
  if (!path) return std::unexpected(std::move(path).error());
  // Never 552: a sender would bounce the rest (RFC 5321 4.5.3.1.10).
  if (recipients_ >= options_.most_recipients) return refuse(452, "4.5.3 Error: too many recipients");
  return event::Rcpt{std::move(command.line), std::move(*path)};
}

std::expected<PathArguments, Reply> ServerMachine::read_rcpt(std::string_view arguments) const {
  if (!starts_ignoring_case(arguments, "TO:")) return refuse(501, "5.5.4 Error: RCPT TO:<address>");
  auto path = parse_path_arguments(arguments.substr(3));
  if (!path || path->address.empty()) return refuse(501, "5.1.3 Error: bad recipient address syntax");
  if (!parameters_known(*path, ParameterOf::rcpt))
    return refuse(555, "5.5.4 Error: a parameter was not offered");
  if (has_eight_bit(path->address) && !utf8_) return refuse(553, "5.6.7 Error: the address needs SMTPUTF8");
  return *std::move(path);
}

std::vector<event::Rcpt> ServerMachine::recipients_ahead(std::size_t most) const {
  constexpr std::string_view verb = "RCPT ";
  std::vector<event::Rcpt> recipients;
  std::string_view rest = pending();
  while (recipients.size() < std::min(most, options_.most_recipients)) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || end >= options_.longest_command || end == 0 || rest[end - 1] != '\r')
      break;
    const std::string_view line = rest.substr(0, end - 1);
    if (!starts_ignoring_case(line, verb) || std::ranges::any_of(line, is_control)) break;
    auto path = read_rcpt(trim(line.substr(verb.size())));
    if (!path) break;
    recipients.push_back({std::string(line), *std::move(path)});
    rest.remove_prefix(end + 1);
  }
  return recipients;
}

void ServerMachine::apply_rcpt(const Reply& reply) {
  say(reply);
  if (!reply.positive()) return;  // forgotten (PROTOCOLS A-32)
  state_ = in_rcpt;
  welcome_ = true;
  ++recipients_;
}

ServerMachine::Checked ServerMachine::check_data(Command& command) {
  if (!command.arguments.empty()) return refuse(501, "5.5.4 Error: DATA has no arguments");
  // RFC 2033 4.2: 503 in LMTP; SMTP has 554 for it (RFC 5321 4.5.4.1).
  if (recipients_ == 0)
    return refuse(options_.protocol == Protocol::lmtp ? 503 : 554, "5.5.1 Error: no valid recipients");
  return event::Data{false};
}

ServerMachine::Checked ServerMachine::check_bdat(Command& command) {
  const auto chunk = parse_chunk(command.arguments);
  if (!chunk) {
    // How many octets follow is unknown: whatever comes next may be content, so nothing of it is a command.
    shut_down({501, "5.5.4 Error: BDAT size [LAST]"});
    return std::nullopt;
  }
  chunk_left_ = chunk->octets;
  last_chunk_ = chunk->last;
  const bool offered = keywords_.has("CHUNKING");
  if (!offered || (state_ & (in_rcpt | in_chunks)) == 0) {
    if (too_many_errors()) return std::nullopt;
    refusal_ =
        Reply(503, offered ? "5.5.1 Error: BDAT is not due now" : "5.5.1 Error: CHUNKING was not offered");
    mode_ = Mode::stray_chunk;
    return std::nullopt;
  }
  chunked_ = true;
  if (state_ == in_rcpt) return event::Data{true};  // the octets wait until the owner has answered
  mode_ = Mode::chunk;
  return std::nullopt;
}

void ServerMachine::apply_data(const Reply& reply) {
  content_open_ = reply.code == 354;
  // Anything but 354 and a refusal can't be said here: a 2xx would have the client wait for ever (PROTOCOLS
  //
  const Reply said = content_open_ || reply.code >= 400
                         ? reply
                         : Reply(451, "4.3.0 Error: the next hop's answer can't be passed on");
  if (chunked_) {
    if (!content_open_) refusal_ = said;  // behind the octets, which come whatever we say
    mode_ = Mode::chunk;
    return;
  }
  say(said);
  if (content_open_) {
    mode_ = Mode::data;
    decoder_ = DataDecoder();
  } else {
    end_transaction();  // what follows are commands
  }
}

void ServerMachine::apply_content(const Reply& reply) {
  if (reply.positive()) errors_ = 0;
  for (std::size_t i = 0; i < replies_to_content(); ++i) say(reply);
  end_transaction();
}

ServerMachine::Checked ServerMachine::check_rset(Command& command) {
  if (!command.arguments.empty()) return refuse(501, "5.5.4 Error: RSET has no arguments");
  return event::Reset{};
}

void ServerMachine::apply_rset(const Reply& reply) {
  end_transaction();
  say(reply);
}

ServerMachine::Checked ServerMachine::check_noop(Command& /*command*/) { return event::Noop{}; }

ServerMachine::Checked ServerMachine::check_quit(Command& command) {
  if (!command.arguments.empty()) return refuse(501, "5.5.4 Error: QUIT has no arguments");
  return event::Quit{};
}

void ServerMachine::apply_quit(const Reply& reply) {
  say(reply);
  closing_ = true;
}

// RFC 3207 4: before the handshake nothing but these. BDAT is read all the same: its octets come whatever we
// say, and without a recipient it is refused.
bool ServerMachine::must_start_tls(Verb verb) const {
  if (options_.starttls != StartTls::required || inside_tls_) return false;
  constexpr std::array allowed{Verb::ehlo, Verb::helo, Verb::lhlo, Verb::noop,
                               Verb::rset, Verb::quit, Verb::bdat, Verb::starttls};
  return std::ranges::find(allowed, verb) == allowed.end();
}

ServerMachine::Checked ServerMachine::check_starttls(Command& command) {
  if (options_.starttls == StartTls::absent) return refuse(502, "5.5.1 Error: command not implemented");
  if (inside_tls_) return refuse(503, "5.5.1 Error: TLS is in use already");
  // Whoever logged in before would have to be forgotten here (RFC 3207 4.2) and at the next hop.
  if (!authenticated_user_.empty()) return refuse(503, "5.5.1 Error: STARTTLS comes before AUTH");
  if (!command.arguments.empty()) return refuse(501, "5.5.4 Error: STARTTLS has no arguments");
  // X-03, CVE-2011-0411: whoever sits between client and us put them there.
  if (!pending().empty() && !RASTEL_PLANTED(tls_state))
    return event::Violation{"bytes behind STARTTLS, in clear"};
  return event::StartTls{};
}

void ServerMachine::apply_starttls(const Reply& reply) {
  say(reply);
  if (reply.code == 220) mode_ = Mode::handshake;
}

ServerMachine::Checked ServerMachine::check_relay(Command& command) {
  return event::Relay{command.verb, std::move(command.line)};
}

ServerMachine::Checked ServerMachine::check_xforward(Command& command) {
  if (!options_.may_xforward) return refuse(550, "5.7.1 Error: insufficient authorization");
  auto attributes = parse_xforward(command.arguments);
  if (!attributes) return refuse(501, "5.5.4 Error: bad XFORWARD attributes");
  return event::Xforward{std::move(*attributes)};
}

}  // namespace rastel::smtp
