// SPDX-License-Identifier: GPL-2.0-only
// What VERSION and STATS answer, in clamd's format. Pure, but for the time zone.
#pragma once

#include <string>

#include "doors/clamd/door.hpp"

namespace rastel::doors::clamd {

// "ClamAV 1.4.6/27500/Sun Jan  5 10:41:32 2025"; what isn't known is left out, from the right.
[[nodiscard]] std::string version_text(const EngineState& engine);
[[nodiscard]] std::string stats_text(const EngineState& engine);  // several lines; the last is "END"

}  // namespace rastel::doors::clamd
