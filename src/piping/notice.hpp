// SPDX-License-Identifier: GPL-2.0-only
// What takes the place of a message that is held or discarded, where something has to be handed on.
#pragma once

#include <string>

#include "piping/spool.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::piping {

// Nothing of the message itself but what the mail server put above it; with its line ends. Any thread.
[[nodiscard]] std::string notice(const Spooled& original, const pipe::Answer& answer);

}  // namespace rastel::piping
