// SPDX-License-Identifier: GPL-2.0-only
#include "app/control.hpp"

#include <array>
#include <ctime>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rastel::control {

namespace json = boost::json;

namespace {

constexpr std::array kinds{
    std::pair{ErrorKind::invalid_input, std::string_view("invalid_input")},
    std::pair{ErrorKind::hostile_message, std::string_view("hostile_message")},
    std::pair{ErrorKind::ours, std::string_view("ours")},
    std::pair{ErrorKind::peer, std::string_view("peer")},
    std::pair{ErrorKind::peer_closed, std::string_view("peer_closed")},
    std::pair{ErrorKind::timed_out, std::string_view("timed_out")},
    std::pair{ErrorKind::no_space, std::string_view("no_space")},
    std::pair{ErrorKind::busy, std::string_view("busy")},
    std::pair{ErrorKind::cancelled, std::string_view("cancelled")},
    std::pair{ErrorKind::not_found, std::string_view("not_found")},
};

std::string_view state_name(store::HeldState state) {
  switch (state) {
    case store::HeldState::held:
      return "held";
    case store::HeldState::releasing:
      return "releasing";
    case store::HeldState::released:
      return "released";
    case store::HeldState::deleted:
      return "deleted";
    case store::HeldState::discarded:
      return "discarded";
  }
  return "held";
}

json::array texts(const std::vector<std::string>& all) {
  json::array array;
  for (const std::string& text : all) array.emplace_back(printable(text));
  return array;
}

}  // namespace

std::string_view kind_name(ErrorKind kind) {
  for (const auto& [candidate, name] : kinds)
    if (candidate == kind) return name;
  return "ours";
}

ErrorKind kind_named(std::string_view name) {
  for (const auto& [kind, candidate] : kinds)
    if (candidate == name) return kind;
  return ErrorKind::ours;
}

std::int64_t to_unix_ms(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

std::chrono::system_clock::time_point from_unix_ms(std::int64_t milliseconds) {
  // Beyond what the clock can hold: its ends.
  const auto most = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::time_point::max().time_since_epoch());
  const std::int64_t kept = std::clamp<std::int64_t>(milliseconds, 0, most.count());
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(kept));
}

std::string iso_time(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "-";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

json::object to_json(const store::HistoryRow& row) {
  return {{"time", iso_time(row.when)},
          {"id", printable(row.id)},
          {"door", printable(row.door)},
          {"client", printable(row.client)},
          {"auth", printable(row.authenticated_user)},
          {"from", printable(row.sender)},
          {"to", printable(row.recipients)},
          {"msgid", printable(row.message_id)},
          {"queue", printable(row.queue_id)},
          {"size", row.size},
          {"class", printable(row.message_class)},
          {"finding", printable(row.finding)},
          {"action", printable(row.action)},
          {"reply", printable(row.reply)},
          {"next", printable(row.next_hop)},
          {"next_reply", printable(row.next_reply)},
          {"receive_ms", row.receive_ms},
          {"scan_ms", row.scan_ms},
          {"next_hop_ms", row.next_hop_ms},
          {"observed", row.observed}};
}

json::object to_json(const store::HeldMessage& message) {
  json::array recipients;
  for (const store::HeldRecipient& held : message.recipients)
    recipients.push_back(
        json::object{{"address", printable(held.recipient.address)}, {"state", state_name(held.state)}});
  json::array findings;
  for (const Finding& finding : message.findings)
    findings.push_back(json::object{{"kind", to_string(finding.kind)}, {"name", printable(finding.name)}});
  return {{"time", iso_time(message.when)},
          {"id", printable(message.id)},
          {"class", class_with_reason(message.message_class, message.reason)},
          {"findings", std::move(findings)},
          {"from", printable(message.envelope.reverse_path)},
          {"to", std::move(recipients)},
          {"subject", printable(message.subject)},
          {"msgid", printable(message.message_id)},
          {"size", message.size},
          {"sha256", message.digest.hex()},
          {"door", printable(message.envelope.door)},
          {"client", printable(message.envelope.client.address)},
          {"client_name", printable(message.envelope.client.name)},
          {"helo", printable(message.envelope.client.helo)},
          {"auth", printable(message.envelope.client.authenticated_user)},
          {"queue", printable(message.envelope.queue_id)}};
}

json::object to_json(const ReleaseOutcome& outcome) {
  return {{"released", texts(outcome.released)},
          {"refused", texts(outcome.refused)},
          {"reply", printable(outcome.reply)}};
}

}  // namespace rastel::control
