// SPDX-License-Identifier: GPL-2.0-only
// What `rastel scan` and `rastel explain` begin with: the configuration, and who scans.
#pragma once

#include <memory>
#include <string>

#include "app/cli.hpp"
#include "app/scan/scanner.hpp"
#include "configuration/configuration.hpp"

namespace CLI {
class App;
}

namespace rastel::scan {

enum class Exit : int { clean = 0, found = 1, not_scanned = 2 };

struct Place {
  std::string configuration_file = "/etc/rastel/rastel.toml";
  bool configuration_given = false;
  std::string control;  // --control: this daemon or none
};
void add_place_options(CLI::App& app, Place& place);

// An error where the configuration was named; else what is wrong with it is said and the defaults are taken.
[[nodiscard]] Result<Configuration> configuration_of(const Place& place, const cli::Console& console);

// The daemon, if it answers, else an engine of our own with so many workers. `configuration` outlives it.
// Must be called while the process has one thread.
[[nodiscard]] Result<std::unique_ptr<Scanners>> scanners_for(const Place& place,
                                                             const Configuration& configuration,
                                                             std::uint32_t workers,
                                                             const cli::Console& console);

// Where messages over Message::memory_limit lie while they are scanned.
[[nodiscard]] std::string spool_folder();

[[nodiscard]] bool error_is_terminal();

// Takes a command line apart. The exit status where there is nothing more to do (--help, or it is wrong).
[[nodiscard]] std::optional<int> parse(CLI::App& app, const std::vector<std::string>& arguments,
                                       const cli::Console& console);

void complain(const cli::Console& console, std::string_view what);

}  // namespace rastel::scan
