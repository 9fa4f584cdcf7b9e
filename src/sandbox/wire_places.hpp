// SPDX-License-Identifier: GPL-2.0-only
// EditPlaces as they stand in a report on the wire (docs/wire.md). Decoding trusts nothing: counts, lengths
// and values are checked; whether places lie in the message is for edit::fit() to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "verdict/edit_places.hpp"

namespace rastel::sandbox {

[[nodiscard]] std::string encode_places(const EditPlaces& places);
[[nodiscard]] std::optional<EditPlaces> decode_places(std::string_view value);

}  // namespace rastel::sandbox
