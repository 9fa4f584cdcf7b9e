// SPDX-License-Identifier: GPL-2.0-only
// What can be wrong with a [[door.clamd]], or is probably not meant, apart from what it shares with other
// doors (configuration_check.hpp).
#pragma once

#include <string>
#include <vector>

#include "configuration/configuration_check.hpp"
#include "doors/clamd/options.hpp"

namespace rastel {

// `where`: what stands before the option's name, "door.clamd[0].".
void check_clamd(const ClamdDoorOptions& door, const std::string& where, std::vector<Problem>& problems);
// `store`: the folder of quarantine, history and spool.
void look_at_clamd(const ClamdDoorOptions& door, const std::string& store,
                   std::vector<std::string>& warnings);

}  // namespace rastel
