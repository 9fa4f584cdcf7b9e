// SPDX-License-Identifier: GPL-2.0-only
// What the filters have in common that run as long as their mail server does.
#pragma once

#include <optional>
#include <string>

#include "piping/options.hpp"
#include "piping/programs.hpp"

namespace rastel::piping {

// Options of a filter, which has no command behind them; --timeout is 200 s unless it is given, as mail
// servers give a session up after 300. Nothing: what is wrong has been said.
[[nodiscard]] std::optional<Options> serving_options(const Invocation& invocation,
                                                     const std::string& program);

// Each message under way has some.
void allow_many_descriptors();

// A thread of a small stack that nobody waits for. False: there is none, and `work` isn't called.
[[nodiscard]] bool start_thread(void* (*work)(void*), void* given);

}  // namespace rastel::piping
