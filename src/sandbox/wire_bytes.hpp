// SPDX-License-Identifier: GPL-2.0-only
// Numbers and texts of the wire, in the machine's own byte order. Taking never reads beyond what is there.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

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

}  // namespace rastel::sandbox
