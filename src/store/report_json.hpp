// SPDX-License-Identifier: GPL-2.0-only
// A Report as the quarantine keeps it: one JSON object with the members of the struct, kinds and reasons as
// words. What an older version wrote is read (unknown words and members are passed over); what isn't JSON is
// an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel::store {

[[nodiscard]] std::string report_as_json(const Report& report);
[[nodiscard]] Result<Report> report_from_json(std::string_view text);

// The words of to_string() back; unknown: unscanned, none.
[[nodiscard]] MessageClass class_from_word(std::string_view word);
[[nodiscard]] std::optional<UnscannedReason> reason_from_word(std::string_view word);

}  // namespace rastel::store
