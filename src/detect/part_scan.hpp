// SPDX-License-Identifier: GPL-2.0-only
// The second look at a message: every part that our reader finds in it under any reading, and that libclamav
// did not meet when it took the message apart, is scanned by itself. A message without doubts has no such
// part.
//
// Limits: message::ReaderLimits, the report's room for parts, a deadline; where one is met the report says
// unscanned.
#pragma once

#include <functional>
#include <string_view>

#include "base/deadline.hpp"
#include "detect/options.hpp"
#include "detect/scan_observer.hpp"

namespace rastel::detect {

// Scans bytes that stay valid meanwhile, as one pass of the observer.
using ScanAlone = std::function<void(std::string_view bytes)>;

// After the passes over the message itself. Adds parts and flags to the observer's report.
void scan_parts(std::string_view message, const EngineOptions& options, ScanObserver& observer,
                Deadline until, const ScanAlone& scan_alone);

}  // namespace rastel::detect
