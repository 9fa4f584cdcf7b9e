// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/sasl.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::smtp {
namespace {

constexpr std::size_t longest_user = 255;
constexpr std::string_view nobody_named = "authenticated";
constexpr std::array<std::string_view, 6> known{"PLAIN",   "LOGIN",       "CRAM-MD5",
                                                "XOAUTH2", "OAUTHBEARER", "OTP"};
constexpr std::array<std::string_view, 5> known_scram{"SCRAM-SHA-1", "SCRAM-SHA-224", "SCRAM-SHA-256",
                                                      "SCRAM-SHA-384", "SCRAM-SHA-512"};

template <std::size_t count>
bool among(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(one, name); });
}

int value_of(char character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26;
  if (is_digit(character)) return character - '0' + 52;
  if (character == '+') return 62;
  if (character == '/') return 63;
  return -1;
}

// The start of it, as much as a name needs: the rest is a password or a token and is not even decoded.
std::string decoded_start(std::string_view text) {
  std::string decoded;
  unsigned bits = 0;
  int count = 0;
  for (const char character : text) {
    const int value = value_of(character);
    if (value < 0 || decoded.size() > 2 * longest_user + 64) break;
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xffffU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
  }
  return decoded;
}

// From behind `start` up to one of `ends`. nullopt: it is not there, or has no end.
std::optional<std::string_view> between(std::string_view text, std::string_view start,
                                        std::string_view ends) {
  const std::size_t from = text.find(start);
  if (from == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(from + start.size());
  const std::size_t to = rest.find_first_of(ends);
  if (to == std::string_view::npos) return std::nullopt;
  return rest.substr(0, to);
}

// RFC 4616: [authzid] NUL authcid NUL passwd. Who is to be acted as, where that is said.
std::optional<std::string_view> of_plain(std::string_view text) {
  const std::size_t first = text.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  if (first > 0) return text.substr(0, first);
  std::size_t end = first + 1;
  const std::size_t size = text.size() + (RASTEL_PLANTED(auth_exchange) ? 1 : 0);
  while (end < size && planted_read(text, end) != '\0') ++end;
  if (end >= text.size()) return std::nullopt;
  return text.substr(first + 1, end - first - 1);
}

std::optional<std::string_view> name_in(std::string_view mechanism, std::string_view text) {
  using namespace std::string_view_literals;
  if (mechanism == "PLAIN") return of_plain(text);
  if (mechanism == "LOGIN") return text;
  if (mechanism == "XOAUTH2") return between(text, "user=", "\x01");
  if (mechanism == "OAUTHBEARER") return between(text, "a=", ",");       // RFC 7628 3.1, GS2 header
  if (mechanism.starts_with("SCRAM-")) return between(text, "n=", ",");  // RFC 5802 7
  if (mechanism == "CRAM-MD5") return text.substr(0, std::min(text.rfind(' '), text.size()));
  return std::nullopt;
}

}  // namespace

std::string relayed_mechanisms(std::string_view offered, Channel channel) {
  std::string passed;
  while (!(offered = trim(offered)).empty()) {
    const std::size_t end = std::min(offered.find_first_of(" \t"), offered.size());
    const std::string_view name = offered.substr(0, end);
    offered.remove_prefix(end);
    if (!among(known, name) && (channel == Channel::tls_ends_here || !among(known_scram, name))) continue;
    if (!passed.empty()) passed += ' ';
    passed += name;
  }
  return passed;
}

bool is_sasl_line(std::string_view line) {
  if (line == "*" || line == "=") return true;
  while (line.ends_with('=')) line.remove_suffix(1);
  return std::ranges::all_of(line, [](char character) { return value_of(character) >= 0; });
}

void SaslExchange::begin(std::string_view mechanism) {
  mechanism_ = upper(mechanism);
  user_ = nobody_named;
  asked_ = false;
}

void SaslExchange::client_says(std::string_view line) {
  if (std::exchange(asked_, true)) return;
  const std::string decoded = decoded_start(line);
  const auto name = name_in(mechanism_, decoded);
  if (!name || name->empty() || name->size() > longest_user || std::ranges::any_of(*name, is_control)) return;
  user_ = *name;
}

}  // namespace rastel::smtp
