// SPDX-License-Identifier: GPL-2.0-only
// What is doubtful in [[door.milter]].
#pragma once

#include <string>
#include <vector>

#include "doors/milter/options.hpp"

namespace rastel {

// One sentence each, appended.
void look_at_milter(const MilterDoorOptions& door, std::vector<std::string>& warnings);

}  // namespace rastel
