// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/lines_above.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace rastel::pipe {
namespace {

constexpr std::size_t longest_line = 998;

constexpr std::array<std::string_view, 5> of_a_delivery{"Return-Path", "Delivered-To", "X-Original-To",
                                                        "Envelope-To", "Delivery-date"};

// With its end; empty: it has none.
std::string_view first_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  return end == std::string_view::npos ? std::string_view() : bytes.substr(0, end + 1);
}

bool is_printable(std::string_view line) {
  line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  return line.size() <= longest_line && std::ranges::all_of(line, [](char octet) {
           return octet == '\t' || (octet >= ' ' && octet < 0x7f);
         });
}

// "From : x" is a field of old syntax.
bool is_mbox_line(std::string_view line) {
  constexpr std::string_view from = "From ";
  return line.starts_with(from) && !trim(line.substr(from.size())).starts_with(':');
}

bool is_of_a_delivery(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  return name.size() < line.size() &&
         std::ranges::any_of(
             of_a_delivery, [&](std::string_view field) { return equal_ignoring_case(name, field); });
}

}  // namespace

std::size_t lines_above(std::string_view begin) {
  const std::string_view looked_at = begin.substr(0, longest_above);
  std::size_t above = 0;
  for (;;) {
    const std::string_view rest = looked_at.substr(above);
    const std::string_view line = first_line(rest);
    if (line.empty() || !is_printable(line)) return above;
    const bool known = (above == 0 && is_mbox_line(line)) || is_of_a_delivery(line);
    if (!known) return above;
    // Folded: as a whole it is the message's. Where nothing follows nobody knows.
    const std::string_view after = rest.substr(line.size());
    if (after.empty() || after.front() == ' ' || after.front() == '\t') return above;
    above += line.size();
  }
}

}  // namespace rastel::pipe
