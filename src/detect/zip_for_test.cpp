// SPDX-License-Identifier: GPL-2.0-only
#include "detect/zip_for_test.hpp"

#include <fmt/format.h>

#include "detect/canaries.hpp"

namespace rastel::detect {
namespace {

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8) text += static_cast<char>(value & 0xff);
  return text;
}

// Deflate packs bits from the lowest on; Huffman codes are written from their highest bit.
class BitWriter {
 public:
  void low_first(std::uint32_t value, int bits) {
    for (int i = 0; i < bits; ++i) put((value >> i) & 1U);
  }
  void code(std::uint32_t value, int bits) {
    for (int i = bits - 1; i >= 0; --i) put((value >> i) & 1U);
  }
  std::string finish() {
    if (used_ != 0) bytes_ += static_cast<char>(current_);
    return std::move(bytes_);
  }

 private:
  void put(std::uint32_t bit) {
    current_ |= bit << used_;
    if (++used_ == 8) {
      bytes_ += static_cast<char>(current_);
      current_ = 0;
      used_ = 0;
    }
  }
  std::string bytes_;
  std::uint32_t current_ = 0;
  int used_ = 0;
};

std::string common_fields(const ZipMemberForTest& member) {
  const std::uint64_t real_size = member.real_size.value_or(member.content.size());
  return little_endian(20, 2) + little_endian(member.encrypted ? 1 : 0, 2) + little_endian(member.method, 2) +
         little_endian(0x210000, 4) + little_endian(member.checksum.value_or(crc32(member.content)), 4) +
         little_endian(member.content.size(), 4) + little_endian(real_size, 4) +
         little_endian(member.name.size(), 2) + little_endian(0, 2);
}

}  // namespace

std::string zip_for_test(const std::vector<ZipMemberForTest>& members) {
  std::string zip;
  std::string directory;
  for (const auto& member : members) {
    directory += "PK\x01\x02" + little_endian(20, 2) + common_fields(member) + little_endian(0, 10) +
                 little_endian(zip.size(), 4) + member.name;
    zip += "PK\x03\x04" + common_fields(member) + member.name + member.content;
  }
  const std::size_t start = zip.size();
  zip += directory + "PK\x05\x06" + little_endian(0, 4) + little_endian(members.size(), 2) +
         little_endian(members.size(), 2) + little_endian(directory.size(), 4) + little_endian(start, 4) +
         little_endian(0, 2);
  return zip;
}

std::string noise_for_test(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string deflated_zeros_for_test(std::uint64_t size) {
  BitWriter bits;
  bits.low_first(1, 1);  // the last block
  bits.low_first(1, 2);  // fixed Huffman codes
  const auto literal_zero = [&] { bits.code(0x30, 8); };
  literal_zero();
  for (std::uint64_t left = size - 1; left > 0;) {
    if (left < 258) {
      literal_zero();
      --left;
      continue;
    }
    bits.code(0xc5, 8);  // length 258 (symbol 285)
    bits.code(0, 5);     // distance 1
    left -= 258;
  }
  bits.code(0, 7);  // end of block
  return bits.finish();
}

std::string nested_zip_for_test(std::string payload, int depth) {
  std::string name = "payload.com";
  for (int level = 0; level < depth; ++level) {
    payload = stored_zip(name, payload);
    name = fmt::format("level{}.zip", level);
  }
  return payload;
}

}  // namespace rastel::detect
