// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/event.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::piping::opensmtpd {
namespace {

constexpr std::size_t longest_id = 32;  // smtpd's have 16 digits

// Up to the next '|', which is taken off, too.
std::string_view take(std::string_view& rest) {
  const std::size_t end = rest.find('|');
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return field;
}

// From the last '|' on.
std::string_view take_last(std::string_view& rest) {
  const std::size_t bar = rest.rfind('|');
  const std::string_view field = bar == std::string_view::npos ? rest : rest.substr(bar + 1);
  rest = bar == std::string_view::npos ? std::string_view() : rest.substr(0, bar);
  return field;
}

// It is written back to smtpd, which makes nothing else.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id && std::ranges::all_of(text, [](char octet) {
    return is_digit(octet) || (octet >= 'a' && octet <= 'f');
  });
}

// "192.0.2.4:25", "[2001:db8::1]:25" or "2001:db8::1:25" without the port; nothing: a local socket.
std::string_view address_of(std::string_view source) {
  const std::size_t colon = source.rfind(':');
  if (colon == std::string_view::npos || source.find('/') != std::string_view::npos) return {};
  source = source.substr(0, colon);
  const std::size_t length = source.size() + (RASTEL_PLANTED(opensmtpd_event) ? 1 : 0);
  if (length > 1 && planted_read(source, 0) == '[' && planted_read(source, length - 1) == ']')
    source = source.substr(1, source.size() - 2);
  constexpr std::string_view mark = "IPv6:";
  if (source.starts_with(mark)) source.remove_prefix(mark.size());
  return source;
}

void read_connect(Event& event, std::string_view rest) {
  (void)take_last(rest);  // ours
  event.value = address_of(take_last(rest));
  (void)take_last(rest);  // whether the name leads back to the address
  event.more = rest == "<unknown>" ? std::string_view() : rest;
}

// 0.6: who, and whether. From 0.7 on the other way round, as names may have a '|' in them.
void read_login(Event& event, std::string_view version, std::string_view rest) {
  const std::string_view how = version == "0.6" ? take_last(rest) : take(rest);
  event.value = rest;
  if (how != "pass") event.kind = EventKind::other;
}

// The transaction's id, whether it was taken, the address.
void read_address(Event& event, std::string_view rest) {
  (void)take(rest);
  if (take(rest) != "ok") event.kind = EventKind::other;
  event.value = rest;
}

void read_report(Event& event, std::string_view version, std::string_view what, std::string_view rest) {
  using Kind = EventKind;
  constexpr std::array<std::pair<std::string_view, Kind>, 10> reports{
      {{"link-connect", Kind::connected},
       {"link-disconnect", Kind::disconnected},
       {"link-identify", Kind::identified},
       {"link-auth", Kind::logged_in},
       {"tx-begin", Kind::begun},
       {"tx-mail", Kind::sender},
       {"tx-rcpt", Kind::recipient},
       {"tx-commit", Kind::committed},
       {"tx-rollback", Kind::reset},
       {"tx-reset", Kind::reset}}};
  const auto found = std::ranges::find(reports, what, [](const auto& report) { return report.first; });
  if (found == reports.end()) return;
  event.kind = found->second;
  if (event.kind == Kind::connected) return read_connect(event, rest);
  if (event.kind == Kind::logged_in) return read_login(event, version, rest);
  if (event.kind == Kind::sender || event.kind == Kind::recipient) return read_address(event, rest);
  if (event.kind == Kind::identified) (void)take(rest);  // EHLO or HELO
  event.value = event.kind == Kind::begun ? take(rest) : rest;
}

void read_filter(Event& event, std::string_view phase, std::string_view rest) {
  event.token = take(rest);
  if (!is_id(event.token)) return;
  event.value = rest;
  if (phase == "data-line") event.kind = EventKind::data_line;
  if (phase == "commit") event.kind = EventKind::commit;
}

}  // namespace

Event parse_event(std::string_view line) {
  Event event;
  if (line == "config|ready") event.kind = EventKind::ready;
  std::string_view rest = line;
  const std::string_view stream = take(rest);
  const std::string_view version = take(rest);
  (void)take(rest);  // the time
  const std::string_view subsystem = take(rest);
  const std::string_view what = take(rest);
  event.session = take(rest);
  if (subsystem != "smtp-in" || !is_id(event.session)) return event;
  if (stream == "report") read_report(event, version, what, rest);
  if (stream == "filter") read_filter(event, what, rest);
  return event;
}

void Lines::receive(std::string_view bytes) {
  held_.erase(0, from_);
  from_ = 0;
  held_ += bytes;
}

bool Lines::next(Line& line) {
  const std::string_view rest = std::string_view(held_).substr(from_);
  const std::size_t end = rest.find('\n');
  if (end != std::string_view::npos) {
    line = {rest.substr(0, std::min(end, longest)), cutting_ || end > longest};
    cutting_ = false;
    from_ += end + 1;
    return true;
  }
  if (rest.size() > longest) {
    cutting_ = true;
    held_.resize(from_ + longest);
  }
  return false;
}

}  // namespace rastel::piping::opensmtpd
