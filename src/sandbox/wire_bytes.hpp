// SPDX-License-Identifier: GPL-2.0-only
// Numbers and texts of the wire, in the machine's own byte order. Taking never reads beyond what is there.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_range.hpp"

namespace rastel::sandbox {

template <class Value>
void put(std::string& out, Value value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class Value>
[[nodiscard]] std::optional<Value> take(std::string_view& in) {
  Value value;
  if (in.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return value;
}

// With its length before it (4 bytes).
inline void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

[[nodiscard]] inline std::optional<std::string_view> take_text(std::string_view& in) {
  const auto size = take<std::uint32_t>(in);
  if (!size || *size > in.size()) return std::nullopt;
  const std::string_view text = in.substr(0, *size);
  in.remove_prefix(*size);
  return text;
}

inline void put_range(std::string& out, const ByteRange& range) {
  put(out, static_cast<std::uint64_t>(range.begin));
  put(out, static_cast<std::uint64_t>(range.end));
}

[[nodiscard]] inline bool take_range(std::string_view& in, ByteRange& into) {
  const auto begin = take<std::uint64_t>(in);
  const auto end = take<std::uint64_t>(in);
  if (!begin || !end || *begin > *end) return false;
  into = {static_cast<std::size_t>(*begin), static_cast<std::size_t>(*end)};
  return true;
}

}  // namespace rastel::sandbox
