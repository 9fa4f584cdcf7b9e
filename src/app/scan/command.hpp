// SPDX-License-Identifier: GPL-2.0-only
// `rastel scan` and `rastel explain` (docs/scan.md). They are a program of their own, rastel-scan, as they
// carry what an engine of one's own needs.
#pragma once

#include <string>
#include <vector>

#include "app/cli.hpp"

namespace rastel::scan {

// `arguments`: without the program's name. The exit status: 0 clean, 1 something found, 2 something could not
// be scanned, or the command line was wrong. Once per process; what it leaves behind ends with the process.
[[nodiscard]] int run_scan(const std::vector<std::string>& arguments, cli::Console& console);
[[nodiscard]] int run_explain(const std::vector<std::string>& arguments, cli::Console& console);

}  // namespace rastel::scan
