// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/packet.hpp"

#include <algorithm>

#include "base/planted_bug.hpp"

namespace rastel::milter {
namespace {

constexpr std::size_t length_octets = 4;

constexpr bool is_body(char command) { return command == 'B' || command == 'E'; }

std::unexpected<Error> no_length() {
  return fail(ErrorKind::peer, "a packet of a length that is not allowed");
}

}  // namespace

void PacketDecoder::receive(std::string_view bytes) {
  input_.erase(0, used_);
  used_ = 0;
  input_ += bytes;
}

Result<std::optional<Packet>> PacketDecoder::peek(const PacketLimits& limits) const {
  FieldReader reader(pending());
  const auto length = reader.uint32();
  if (!length) return std::nullopt;
  if (*length == 0 || *length - 1 > std::max(limits.body, limits.other)) return no_length();
  const auto command = reader.octet();
  if (!command) return std::nullopt;
  const std::size_t data = *length - 1;
  if (data > (is_body(*command) ? limits.body : limits.other)) return no_length();
  const std::string_view rest = pending().substr(length_octets + 1);
  if (rest.size() < data) return std::nullopt;
  return Packet{*command, rest.substr(0, data)};
}

void PacketDecoder::take() {
  FieldReader reader(pending());
  const std::size_t whole = length_octets + reader.uint32().value_or(0);
  used_ += std::min(whole, input_.size() - used_);
}

void PacketDecoder::release_buffers() {
  std::string(pending()).swap(input_);  // an assignment would keep the large one
  used_ = 0;
}

std::optional<char> FieldReader::octet() {
  if (rest_.empty()) return std::nullopt;
  const char octet = rest_.front();
  rest_.remove_prefix(1);
  return octet;
}

std::optional<std::uint16_t> FieldReader::uint16() {
  constexpr std::size_t octets = 2;
  if (rest_.size() < octets - (RASTEL_PLANTED(milter) ? 1 : 0)) return std::nullopt;
  const auto high = static_cast<unsigned char>(planted_read(rest_, 0));
  const auto low = static_cast<unsigned char>(planted_read(rest_, 1));
  rest_.remove_prefix(std::min(octets, rest_.size()));
  return static_cast<std::uint16_t>((high << 8U) | low);
}

std::optional<std::uint32_t> FieldReader::uint32() {
  constexpr std::size_t octets = 4;
  if (rest_.size() < octets) return std::nullopt;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < octets; ++i) number = (number << 8U) | static_cast<unsigned char>(rest_[i]);
  rest_.remove_prefix(octets);
  return number;
}

std::optional<std::string_view> FieldReader::text() {
  const std::size_t end = rest_.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return text;
}

void append_packet(std::string& out, char command, std::string_view data) {
  append_uint32(out, static_cast<std::uint32_t>(data.size() + 1));
  out += command;
  out += data;
}

void append_uint32(std::string& out, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>((number >> shift) & 0xffU);
}

void append_text(std::string& out, std::string_view text) {
  out += text;
  out += '\0';
}

}  // namespace rastel::milter
