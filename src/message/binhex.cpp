// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include "message/embedded_encodings.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view digits = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

constexpr std::uint8_t no_digit = 64;

constexpr std::array<std::uint8_t, 256> values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t value = 0; value < digits.size(); ++value)
    table[static_cast<unsigned char>(digits[value])] = static_cast<std::uint8_t>(value);
  return table;
}();

// RFC 1741 4: six bits a character, then runs: 0x90 and a count repeat the byte before, 0x90 0x00 is 0x90.
class Unpacker {
 public:
  explicit Unpacker(std::size_t room) : room_(room) {}

  void add(unsigned six) {
    bits_ = (bits_ << 6 | six) & 0x3fff;
    count_ += 6;
    if (count_ < 8) return;
    count_ -= 8;
    unpack(static_cast<char>(bits_ >> count_));
  }
  [[nodiscard]] bool is_full() const { return out_.size() >= room_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  static constexpr char mark = '\x90';

  void unpack(char byte) {
    if (!marked_) {
      marked_ = byte == mark;
      if (!marked_) out_ += byte;
      return;
    }
    marked_ = false;
    const auto times = static_cast<unsigned char>(byte);
    if (times == 0)
      out_ += mark;
    else if (!out_.empty())
      out_.append(std::min<std::size_t>(times - 1U, room_ - std::min(room_, out_.size())), out_.back());
  }

  const std::size_t room_;
  std::string out_;
  unsigned bits_ = 0;
  unsigned count_ = 0;
  bool marked_ = false;
};

std::size_t big_endian(std::string_view bytes, std::size_t at) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

// RFC 1741 5: the name's length and the name, a NUL, type, creator and flags (10 bytes), the lengths of both
// forks, a checksum; each fork with a checksum of two bytes behind it.
void take_apart(std::string_view unpacked, Embedded& file) {
  if (unpacked.empty()) return;
  const std::size_t name = static_cast<unsigned char>(unpacked.front());
  const std::size_t header = 1 + name + 1 + 10 + 8 + 2;
  if (unpacked.size() < header) {
    file.bytes = unpacked;
    return;
  }
  file.name = unpacked.substr(1, name);
  const std::size_t data = big_endian(unpacked, 1 + name + 11);
  const std::size_t resource = big_endian(unpacked, 1 + name + 15);
  file.bytes = unpacked.substr(header, data);
  if (resource == 0 || unpacked.size() - header < data + 2) return;
  file.bytes += unpacked.substr(header + data + 2, resource);
}

}  // namespace

std::optional<Embedded> next_binhex(std::string_view text, std::size_t at, std::size_t room) {
  constexpr std::string_view mark = "(This file must be converted with BinHex";
  const std::size_t begin = text.find(mark, at);
  const std::size_t colon = begin == std::string_view::npos ? begin : text.find(':', begin);
  if (colon == std::string_view::npos) return {};
  Unpacker unpacker(room);
  std::size_t end = colon + 1;
  for (; end < text.size() && text[end] != ':' && !unpacker.is_full(); ++end)
    if (const std::uint8_t value = values[static_cast<unsigned char>(text[end])]; value < no_digit)
      unpacker.add(value);
  Embedded file{Embedded::Encoding::binhex, {}, {}, {begin, std::min(end + 1, text.size())}};
  take_apart(unpacker.take(), file);
  return file;
}

}  // namespace rastel::message
