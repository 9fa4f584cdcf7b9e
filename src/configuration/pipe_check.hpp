// SPDX-License-Identifier: GPL-2.0-only
// What can be wrong with a [[door.pipe]], or is probably not meant, apart from what it shares with other
// doors (configuration_check.hpp).
#pragma once

#include <string>
#include <vector>

#include "configuration/configuration_check.hpp"
#include "doors/pipe/options.hpp"

namespace rastel {

// `where`: what stands before the option's name, "door.pipe[0].".
void check_pipe(const PipeDoorOptions& door, const std::string& where, std::vector<Problem>& problems);
void look_at_pipe(const PipeDoorOptions& door, std::vector<std::string>& warnings);

}  // namespace rastel
