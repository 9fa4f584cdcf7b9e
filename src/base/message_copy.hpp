// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/byte_range.hpp"
#include "base/error.hpp"
#include "base/message.hpp"

namespace rastel {

// Appends a part of a message, in blocks, so that memory stays bounded whatever its size. May block on the
// disk. Error `ours`: the message ends before the range does.
[[nodiscard]] Result<> copy_range(const Message& from, ByteRange range, MessageWriter& to);

}  // namespace rastel
