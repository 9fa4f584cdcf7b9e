// SPDX-License-Identifier: GPL-2.0-only
// Little-endian numbers and blocks of a binary stream, read with every bound checked: behind the first thing
// that isn't there, nothing is, and `failed` stays true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/planted_bug.hpp"

namespace rastel::message {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  [[nodiscard]] std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  [[nodiscard]] std::uint32_t u32() { return number(4); }

  // The next `size` bytes; fewer, and failed, where they aren't there.
  [[nodiscard]] std::string_view block(std::size_t size) {
    if (failed_ || size > left()) {
      failed_ = true;
      size = left();
    }
    const std::string_view found = bytes_.substr(at_, size);
    at_ += size;
    return found;
  }

  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  [[nodiscard]] std::uint32_t number(std::size_t size) {
    if (failed_ || left() < size) {
      failed_ = true;
      at_ = bytes_.size();
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(byte_at(at_ + i))) << (8 * i);
    at_ += size;
    return value;
  }

  [[nodiscard]] char byte_at(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(tnef)) return planted_read(bytes_, at + (at + 1 == bytes_.size() ? 1 : 0));
    return bytes_[at];
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace rastel::message
