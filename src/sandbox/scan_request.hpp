// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/message.hpp"

namespace rastel::sandbox {

// A variable of its own before a co_await: g++ 12 copies a temporary aggregate into the coroutine bit by bit
// and destroys it twice (GCC PR 100611).
struct ScanRequest {
  MessagePointer message;
  bool places = false;  // Report::places is wanted
  // It may be a file that is no message: then it isn't read as one, which finds every file ambiguous.
  bool may_be_file = false;
};

}  // namespace rastel::sandbox
