// SPDX-License-Identifier: GPL-2.0-only
// Everything that libc does lazily and that opens files, done beforehand: a confined worker can't open them
// any more.
#pragma once

#include <string>

namespace rastel::detect {

// Time zone, character set modules (kept open for the life of the process). Safe to call again.
void prewarm_process();

// An HTML mail in a character set that needs a module, so that the first real one finds everything in place.
[[nodiscard]] std::string html_mail_for_prewarming();

}  // namespace rastel::detect
