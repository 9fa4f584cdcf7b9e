// SPDX-License-Identifier: GPL-2.0-only
// ServerMachine's commands that say who the client is: XCLIENT and AUTH. A line of AUTH is passed on as it
// came, but nothing that isn't base64 is: a bare CR in it would be a command of its own to a sloppy server.
#include <algorithm>

#include "base/ascii.hpp"
#include "protocol/smtp/server_machine.hpp"

namespace rastel::smtp {
namespace {

bool is_offered(std::string_view offered, std::string_view mechanism) {
  while (!(offered = trim(offered)).empty()) {
    const std::size_t end = std::min(offered.find(' '), offered.size());
    if (equal_ignoring_case(offered.substr(0, end), mechanism)) return true;
    offered.remove_prefix(end);
  }
  return false;
}

}  // namespace

const ServerMachine::Row ServerMachine::auth_row{
    {}, Verb::auth, Protocols::both, 0, Pipelining::ends_group, nullptr, &ServerMachine::apply_auth, {}};

ServerMachine::Checked ServerMachine::check_xclient(Command& command) {
  if (!options_.may_xclient) return std::unexpected(Reply(550, "5.7.1 Error: insufficient authorization"));
  auto attributes = parse_xclient(command.arguments);
  if (!attributes) return std::unexpected(Reply(501, "5.5.4 Error: bad XCLIENT attributes"));
  return event::Xclient{std::move(*attributes)};
}

void ServerMachine::apply_xclient(const Reply& reply) {
  say(reply);
  if (reply.code == 220) forget_client();
}

ServerMachine::Checked ServerMachine::check_auth(Command& command) {
  if (!keywords_.has("AUTH")) return std::unexpected(Reply(502, "5.5.1 Error: AUTH is not offered here"));
  if (!authenticated_user_.empty()) return std::unexpected(Reply(503, "5.5.1 Error: already authenticated"));
  const std::size_t end = std::min(command.arguments.find(' '), command.arguments.size());
  const std::string_view mechanism = command.arguments.substr(0, end);
  const std::string_view initial = command.arguments.substr(std::min(end + 1, command.arguments.size()));
  if (mechanism.empty() || !is_sasl_line(initial) || initial == "*")
    return std::unexpected(Reply(501, "5.5.2 Error: AUTH mechanism [initial response]"));
  if (!is_offered(keywords_.parameters("AUTH"), mechanism))
    return std::unexpected(Reply(504, "5.5.4 Error: this mechanism is not offered"));
  sasl_.begin(mechanism);
  if (!initial.empty()) sasl_.client_says(initial);
  return event::Auth{std::move(command.line)};
}

// What can't be passed on cancels the exchange, in the words of RFC 4954 4, so that both sides stay in step.
std::optional<Event> ServerMachine::next_auth() {
  const std::string_view rest = pending();
  const std::size_t newline = rest.find('\n');
  const std::size_t length = newline == std::string_view::npos ? rest.size() : newline + 1;
  const bool too_long = overlong_ || length > longest_line();
  if (!too_long && newline == std::string_view::npos) return std::nullopt;
  used_ += length;
  overlong_ = too_long && newline == std::string_view::npos;
  if (overlong_) return std::nullopt;
  std::string_view line = rest.substr(0, length - 1);
  const bool whole = line.ends_with('\r');
  if (whole) line.remove_suffix(1);
  group_ended_ = true;
  due_ = &auth_row;
  if (too_long || !whole || !is_sasl_line(line)) return event::Auth{"*"};
  if (line != "*") sasl_.client_says(line);
  return event::Auth{std::string(line)};
}

void ServerMachine::apply_auth(const Reply& reply) {
  mode_ = Mode::command;
  if (reply.code == 334) {
    // Not by say(), which cuts at 512 octets: a challenge may be as long as a response.
    mode_ = Mode::auth;
    std::string challenge = reply.lines.empty() ? std::string() : reply.lines.front();
    std::ranges::replace_if(challenge, is_control, '?');
    output_ += "334 " + challenge + "\r\n";
    return;
  }
  say(reply);
  if (reply.code == 235) {
    authenticated_user_ = sasl_.user();
    welcome_ = true;
  } else if (reply.code != 421) {
    (void)too_many_errors();
  }
}

}  // namespace rastel::smtp
