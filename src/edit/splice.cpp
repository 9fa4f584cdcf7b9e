// SPDX-License-Identifier: GPL-2.0-only
#include "edit/splice.hpp"

namespace rastel::edit {

bool fit(std::span<const Splice> splices, std::size_t message_size) {
  std::size_t at = 0;
  for (const Splice& splice : splices) {
    if (splice.where.begin < at || splice.where.end < splice.where.begin) return false;
    at = splice.where.end;
  }
  return at <= message_size;
}

std::size_t edited_size(std::span<const Splice> splices, std::size_t message_size) {
  std::size_t size = message_size;
  for (const Splice& splice : splices) size = size - splice.where.size() + splice.replacement.size();
  return size;
}

std::optional<std::string> spliced(std::string_view message, std::span<const Splice> splices) {
  if (!fit(splices, message.size())) return {};
  std::string result;
  result.reserve(edited_size(splices, message.size()));
  (void)for_each_piece(message, splices, [&](std::string_view piece) { result += piece; });
  return result;
}

}  // namespace rastel::edit
