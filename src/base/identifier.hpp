// SPDX-License-Identifier: GPL-2.0-only
// The id by which a message is found in the log, the history, the quarantine and in what its sender was told:
// 16 lower-case hexadecimal digits, random (getrandom), so that it tells nothing and can't be guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rastel {

[[nodiscard]] std::string new_message_id();
[[nodiscard]] bool is_message_id(std::string_view text);

// From the same source.
[[nodiscard]] std::uint32_t unguessable_number();

}  // namespace rastel
