// SPDX-License-Identifier: GPL-2.0-only
#include "base/identifier.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

#include <sys/random.h>

namespace rastel {
namespace {

template <class Bytes>
void fill_at_random(Bytes& bytes) {
  if (getrandom(&bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw std::runtime_error("getrandom failed");
}

}  // namespace

std::uint32_t unguessable_number() {
  std::uint32_t number = 0;
  fill_at_random(number);
  return number;
}

std::string new_message_id() {
  std::array<std::uint8_t, 8> random{};
  fill_at_random(random);
  constexpr char digits[] = "0123456789abcdef";
  std::string id;
  for (const std::uint8_t byte : random) {
    id += digits[byte >> 4];
    id += digits[byte & 15];
  }
  return id;
}

bool is_message_id(std::string_view text) {
  return text.size() == 16 && std::ranges::all_of(text, [](char character) {
           return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
         });
}

}  // namespace rastel
