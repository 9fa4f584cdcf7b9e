// SPDX-License-Identifier: GPL-2.0-only
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include <arpa/inet.h>

namespace rastel {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array duration_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3600'000},
                                    Unit{"d", 86'400'000}};
constexpr std::array size_units{Unit{"", 1}, Unit{"KiB", 1ULL << 10}, Unit{"MiB", 1ULL << 20},
                                Unit{"GiB", 1ULL << 30}};

std::optional<std::uint64_t> number_with_unit(std::string_view text, std::span<const Unit> units) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto found = std::ranges::find(units, unit, &Unit::name);
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (found == units.end() || value > most / found->factor) return std::nullopt;
  return value * found->factor;
}

std::string with_unit(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = units.data();
  for (const Unit& unit : units)
    if (value % unit.factor == 0 && (value > 0 || unit.name == "s")) best = &unit;
  return std::to_string(value / best->factor) + std::string(best->name);
}

struct Bits {
  std::array<unsigned char, 16> bytes{};
  int family = 0;
};

std::optional<Bits> parse_address(std::string_view text) {
  const std::string terminated(text);
  Bits bits;
  if (inet_pton(AF_INET, terminated.c_str(), bits.bytes.data()) == 1) {
    bits.family = AF_INET;
    return bits;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bits.bytes.data()) == 1) {
    bits.family = AF_INET6;
    return bits;
  }
  return std::nullopt;
}

struct Block {
  Bits bits;
  unsigned prefix = 0;
};

std::optional<Block> parse_block(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto bits = parse_address(text.substr(0, slash));
  if (!bits) return std::nullopt;
  Block block{*bits, bits->family == AF_INET ? 32U : 128U};
  if (slash == text.size()) return block;
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (problem != std::errc() || end != digits.data() + digits.size() || prefix > block.prefix)
    return std::nullopt;
  block.prefix = prefix;
  return block;
}

}  // namespace

bool Network::matches(std::string_view address) const {
  if (text == "unix") return address == "unix";
  const auto block = parse_block(text);
  const auto bits = parse_address(address);
  if (!block || !bits || block->bits.family != bits->family) return false;
  for (unsigned bit = 0; bit < block->prefix; ++bit) {
    const unsigned char mask = static_cast<unsigned char>(0x80U >> (bit % 8));
    if ((block->bits.bytes[bit / 8] & mask) != (bits->bytes[bit / 8] & mask)) return false;
  }
  return true;
}

Result<Network> parse_network(std::string_view text) {
  if (text != "unix" && !parse_block(text))
    return fail(ErrorKind::invalid_input,
                "want an address block like \"192.0.2.0/24\" or \"::1\", or \"unix\"");
  return Network{std::string(text)};
}

Result<Duration> parse_duration(std::string_view text) {
  const auto value = number_with_unit(text, duration_units);
  if (!value)
    return fail(ErrorKind::invalid_input,
                "want a duration like \"500ms\", \"60s\", \"10m\", \"12h\", \"30d\"");
  return Duration(static_cast<Duration::rep>(*value));
}

Result<ByteCount> parse_byte_count(std::string_view text) {
  const auto value = number_with_unit(text, size_units);
  if (!value)
    return fail(ErrorKind::invalid_input, "want a size like \"512\", \"64KiB\", \"50MiB\", \"10GiB\"");
  return ByteCount{*value};
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  constexpr std::string_view wanted =
      "want \"127.0.0.1:10025\", \"[::1]:10025\" or \"unix:/run/rastel/x.sock\"";
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    endpoint.kind = Endpoint::Kind::unix_socket;
    endpoint.path = text.substr(5);
    if (!endpoint.path.starts_with('/') || endpoint.path.size() > 107 ||
        endpoint.path.find('\0') != std::string::npos)
      return fail(ErrorKind::invalid_input, "want an absolute path of at most 107 bytes after unix:");
    return endpoint;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return fail(ErrorKind::invalid_input, std::string(wanted));
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') != host.ends_with(']') ||
      (host.front() != '[' && host.find(':') != std::string_view::npos))
    return fail(ErrorKind::invalid_input, std::string(wanted));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (problem != std::errc() || end != port.data() + port.size() || value == 0 || value > 65535 ||
      host.empty())
    return fail(ErrorKind::invalid_input, std::string(wanted));
  endpoint.kind = Endpoint::Kind::inet;
  endpoint.host = host;
  endpoint.port = static_cast<std::uint16_t>(value);
  return endpoint;
}

Result<NextHop> parse_next_hop(std::string_view text) {
  NextHop next_hop;
  if (text.starts_with("lmtp:")) {
    next_hop.protocol = NextHop::Protocol::lmtp;
    text.remove_prefix(5);
  } else if (text.starts_with("smtp:")) {
    text.remove_prefix(5);
  }
  RASTEL_TRY(next_hop.endpoint, parse_endpoint(text));
  return next_hop;
}

std::string to_string(Duration duration) {
  return with_unit(static_cast<std::uint64_t>(duration.count()), duration_units);
}
std::string to_string(ByteCount count) { return with_unit(count.value, size_units); }

bool is_loopback(std::string_view host) {
  const bool numbers = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || (numbers && host.starts_with("127."));
}

std::string to_string(const Endpoint& endpoint) {
  switch (endpoint.kind) {
    case Endpoint::Kind::none:
      return {};
    case Endpoint::Kind::unix_socket:
      return "unix:" + endpoint.path;
    case Endpoint::Kind::inet:
      break;
  }
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::string to_string(const NextHop& next_hop) {
  const bool lmtp = next_hop.protocol == NextHop::Protocol::lmtp;
  return (lmtp ? "lmtp:" : "") + to_string(next_hop.endpoint);
}

}  // namespace rastel
