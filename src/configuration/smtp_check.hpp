// SPDX-License-Identifier: GPL-2.0-only
// What can be wrong with a [[door.smtp]], or is probably not meant, apart from what it shares with other
// doors (configuration_check.hpp).
#pragma once

#include <string>
#include <vector>

#include "configuration/configuration_check.hpp"
#include "doors/smtp/options.hpp"

namespace rastel {

// `all`: the doors of this kind, none of which may be another's next hop. `where`: what stands before the
// option's name, "door.smtp[0].".
void check_smtp(const SmtpDoorOptions& door, const std::vector<SmtpDoorOptions>& all,
                const std::string& where, std::vector<Problem>& problems);
// `release`: where released mail is handed to.
void look_at_smtp(const SmtpDoorOptions& door, const Endpoint& release, std::vector<std::string>& warnings);

}  // namespace rastel
