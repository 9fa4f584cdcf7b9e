// SPDX-License-Identifier: GPL-2.0-only
// By what is known that a client hands in again what the scanner died of: all of a file, and of a message all
// but what its mail server puts on top anew at each attempt: Exim's copy begins with a line of mbox, its own
// X-Envelope- fields and a Received line (PROTOCOLS A-27). Never the key of a mail door's message: that one
// is scanned as nothing but a message.
//
// Reads the whole message where there is something on top; blocks as long as its file does.
#pragma once

#include "base/message.hpp"
#include "base/sha256.hpp"

namespace rastel::doors::clamd {

[[nodiscard]] Result<Digest> retry_key(const Message& message);

}  // namespace rastel::doors::clamd
