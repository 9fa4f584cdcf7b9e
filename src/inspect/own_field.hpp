// SPDX-License-Identifier: GPL-2.0-only
// The header field that says what became of a message: "X-Rastel: clean; id=3f9a…; door=before; …".
#pragma once

#include <string>
#include <string_view>

#include "inspect/inspector.hpp"

namespace rastel::inspect {

inline constexpr std::string_view own_field = "X-Rastel";

// Of what is handed on as `version`; without the name and without a line break.
[[nodiscard]] std::string own_field_value(const Subject& subject, const Outcome& outcome,
                                          const Version& version);

}  // namespace rastel::inspect
