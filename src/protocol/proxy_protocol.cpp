// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/proxy_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include "base/planted_bug.hpp"

namespace rastel::proxy {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view word = "PROXY ";
constexpr std::size_t shortest_v1 = std::string_view("PROXY UNKNOWN\r\n").size();
constexpr std::size_t fixed_v2 = 16;
constexpr std::size_t most_kept = fixed_v2 + 200;
constexpr std::size_t inet_length = 12, inet6_length = 36, unix_length = 216;

std::unexpected<Error> no_header(std::string_view why) {
  return fail(ErrorKind::peer, "no PROXY header: " + std::string(why));
}

struct Raw {
  std::array<unsigned char, 16> bytes{};
  int family = AF_UNSPEC;
};

Raw raw_of(std::string_view host) {
  Raw raw;
  const std::string terminated(host);
  if (terminated.find('\0') != std::string::npos) return raw;
  if (inet_pton(AF_INET, terminated.c_str(), raw.bytes.data()) == 1)
    raw.family = AF_INET;
  else if (inet_pton(AF_INET6, terminated.c_str(), raw.bytes.data()) == 1)
    raw.family = AF_INET6;
  return raw;
}

constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string text_of(const Raw& raw) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool is_mapped =
      raw.family == AF_INET6 && std::equal(mapped.begin(), mapped.end(), raw.bytes.begin());
  inet_ntop(is_mapped ? AF_INET : raw.family, raw.bytes.data() + (is_mapped ? mapped.size() : 0), text,
            sizeof text);
  return text;
}

Raw as_inet6(const Raw& raw) {
  if (raw.family != AF_INET) return raw;
  Raw wide;
  wide.family = AF_INET6;
  std::ranges::copy(mapped, wide.bytes.begin());
  std::copy_n(raw.bytes.begin(), 4, wide.bytes.begin() + mapped.size());
  return wide;
}

struct RawPair {
  Raw source, destination;
};

// nullopt: one of them is no address.
std::optional<RawPair> raw_of(const Header& header) {
  if (!header) return std::nullopt;
  RawPair pair{raw_of(header->source.host), raw_of(header->destination.host)};
  if (pair.source.family == AF_UNSPEC || pair.destination.family == AF_UNSPEC) return std::nullopt;
  if (pair.source.family != pair.destination.family)
    pair = {as_inet6(pair.source), as_inet6(pair.destination)};
  return pair;
}

// As inet_ntop() writes it, but for what text_of() makes IPv4 again.
std::string wire_text(const Raw& raw) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(raw.family, raw.bytes.data(), text, sizeof text);
  return text;
}

// "0" to "65535" without leading zeros.
std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  return port;
}

// Cuts the next word off; words are parted by one space.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

}  // namespace

std::size_t Reader::length_v2() const {
  return fixed_v2 + (static_cast<std::size_t>(static_cast<unsigned char>(kept_[14])) << 8U) +
         static_cast<unsigned char>(kept_[15]);
}

std::size_t Reader::wanted() const {
  if (over_) return 0;
  switch (version_) {
    case Version::unknown:
      return signature.size() - kept_.size();
    case Version::one:
      // Its length isn't announced: never more than what must still come.
      if (kept_.size() < shortest_v1) return shortest_v1 - kept_.size();
      return kept_.ends_with('\r') ? 1 : std::min<std::size_t>(2, longest_v1 - kept_.size());
    case Version::two:
      return taken_ < fixed_v2 ? fixed_v2 - taken_ : length_v2() - taken_;
  }
  return 0;
}

Result<bool> Reader::feed(std::string_view bytes) {
  bytes = bytes.substr(0, wanted());
  if (version_ == Version::two && taken_ >= fixed_v2) {
    taken_ += bytes.size();  // what is beyond the addresses is counted alone
    kept_ += bytes.substr(0, most_kept - std::min(most_kept, kept_.size()));
    if (wanted() > 0) return false;
    over_ = true;
    RASTEL_CHECK(end_of_v2());
    return true;
  }
  for (const char byte : bytes) {
    kept_ += byte;
    auto looked = look();
    if (!looked || *looked) over_ = true;
    if (over_) return looked;
  }
  return false;
}

// After each byte: which version it is, and whether it still can be one.
Result<bool> Reader::look() {
  const std::string_view kept = kept_;
  if (version_ == Version::unknown) {
    const bool one = word.starts_with(kept.substr(0, word.size())) && kept.size() <= word.size();
    const bool two = signature.starts_with(kept);
    if (!one && !two) return no_header("the connection begins with something else");
    if (kept.size() == word.size() && one) version_ = Version::one;
    if (kept.size() == signature.size()) version_ = Version::two;
    taken_ = kept.size();
    return false;
  }
  if (version_ == Version::one) return end_of_v1();
  taken_ = kept.size();
  if (taken_ < fixed_v2) return false;
  RASTEL_CHECK(check_v2());
  if (length_v2() > fixed_v2) return false;
  RASTEL_CHECK(end_of_v2());
  return true;
}

Result<bool> Reader::end_of_v1() {
  std::string_view rest = kept_;
  const bool after_return = rest.size() > 1 && rest[rest.size() - 2] == '\r';
  if (after_return != rest.ends_with('\n')) return no_header("a bare CR or LF in it");
  if (!after_return) {
    if (rest.size() >= longest_v1) return no_header("it is longer than 107 octets");
    return false;
  }
  rest.remove_suffix(2);
  rest.remove_prefix(word.size());
  const std::string_view family = take_word(rest);
  if (family == "UNKNOWN") return true;
  const int wanted_family = family == "TCP4" ? AF_INET : family == "TCP6" ? AF_INET6 : AF_UNSPEC;
  const Raw source = raw_of(take_word(rest));
  const Raw destination = raw_of(take_word(rest));
  const auto source_port = port_of(take_word(rest));
  const auto destination_port = port_of(rest);
  if (wanted_family == AF_UNSPEC || source.family != wanted_family || destination.family != wanted_family ||
      !source_port || !destination_port)
    return no_header("its addresses can't be read");
  header_ = Addresses{{text_of(source), *source_port}, {text_of(destination), *destination_port}};
  return true;
}

Result<> Reader::check_v2() const {
  const auto command = static_cast<unsigned char>(kept_[12]);
  const auto family = static_cast<unsigned char>(kept_[13]);
  if (command >> 4U != 2) return no_header("its version is neither 1 nor 2");
  if ((command & 15U) > 1) return no_header("its command is unknown");
  if (family >> 4U > 3 || (family & 15U) > 2) return no_header("its address family is unknown");
  return {};
}

Result<> Reader::end_of_v2() {
  const bool local = (static_cast<unsigned char>(kept_[12]) & 15U) == 0;
  const unsigned family = static_cast<unsigned char>(kept_[13]) >> 4U;
  const unsigned protocol = static_cast<unsigned char>(kept_[13]) & 15U;
  if (local || family == 0 || protocol == 0) return {};
  if (protocol != 1) return no_header("it speaks of datagrams");
  const std::string_view block = std::string_view(kept_).substr(fixed_v2);
  if (family == 3) {
    if (length_v2() < fixed_v2 + unix_length) return no_header("it is too short for its addresses");
    return {};
  }
  const std::size_t address = family == 1 ? 4 : 16;
  const std::size_t least =
      (family == 1 ? inet_length : inet6_length) - (RASTEL_PLANTED(proxy_protocol) ? 1 : 0);
  if (block.size() < least) return no_header("it is too short for its addresses");
  std::size_t at = 0;
  const auto next = [&] { return static_cast<unsigned char>(planted_read(block, at++)); };
  Raw source, destination;
  source.family = destination.family = family == 1 ? AF_INET : AF_INET6;
  for (std::size_t i = 0; i < address; ++i) source.bytes[i] = next();
  for (std::size_t i = 0; i < address; ++i) destination.bytes[i] = next();
  std::array<std::uint16_t, 2> ports{};
  for (std::uint16_t& port : ports) {
    port = static_cast<std::uint16_t>(next() << 8U);
    port = static_cast<std::uint16_t>(port | next());
  }
  header_ = Addresses{{text_of(source), ports[0]}, {text_of(destination), ports[1]}};
  return {};
}

std::string format_v1(const Header& header) {
  const auto pair = raw_of(header);
  if (!pair) return "PROXY UNKNOWN\r\n";
  return std::string(pair->source.family == AF_INET ? "PROXY TCP4 " : "PROXY TCP6 ") +
         wire_text(pair->source) + ' ' + wire_text(pair->destination) + ' ' +
         std::to_string(header->source.port) + ' ' + std::to_string(header->destination.port) + "\r\n";
}

std::string format_v2(const Header& header) {
  std::string text(signature);
  const auto pair = raw_of(header);
  if (!pair) return text + std::string("\x20\0\0\0"sv);
  const bool narrow = pair->source.family == AF_INET;
  const std::size_t address = narrow ? 4 : 16;
  text += '\x21';
  text += narrow ? '\x11' : '\x21';
  text += '\0';
  text += static_cast<char>(narrow ? inet_length : inet6_length);
  for (const Raw* raw : {&pair->source, &pair->destination})
    text.append(reinterpret_cast<const char*>(raw->bytes.data()), address);
  for (const std::uint16_t port : {header->source.port, header->destination.port}) {
    text += static_cast<char>(port >> 8U);
    text += static_cast<char>(port & 0xffU);
  }
  return text;
}

}  // namespace rastel::proxy
