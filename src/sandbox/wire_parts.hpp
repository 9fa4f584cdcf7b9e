// SPDX-License-Identifier: GPL-2.0-only
// What a report says of a message's parts and of its doubts, as values of items of the wire (docs/wire.md).
// Decoders trust nothing; texts come out fit to be shown (base/utf8.hpp), whatever came in. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "verdict/report.hpp"

namespace rastel::sandbox {

inline constexpr std::size_t longest_part_text = 1024;  // bytes, before it is made fit to be shown
inline constexpr std::size_t most_part_texts = 1024;    // of one list of a part

[[nodiscard]] std::string encode_part(const Part& part);
[[nodiscard]] std::optional<Part> decode_part(std::string_view value);  // nullopt: it breaks the rules

[[nodiscard]] std::string encode_flag(const Oddity& flag);
[[nodiscard]] std::optional<Oddity> decode_flag(std::string_view value);

}  // namespace rastel::sandbox
