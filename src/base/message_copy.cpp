// SPDX-License-Identifier: GPL-2.0-only
#include "base/message_copy.hpp"

#include <algorithm>

namespace rastel {

Result<> copy_range(const Message& from, ByteRange range, MessageWriter& to) {
  constexpr std::size_t block_size = 256 << 10;  // bytes
  while (range.size() > 0) {
    RASTEL_TRY(const std::string block, from.read_at(range.begin, std::min(block_size, range.size())));
    if (block.empty()) return fail(ErrorKind::ours, "the message ends before its end");
    RASTEL_CHECK(to.write(block));
    range.begin += block.size();
  }
  return {};
}

}  // namespace rastel
