// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/setup.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/log.hpp"
#include "base/os/file.hpp"

namespace rastel::scan {
namespace {

constexpr std::size_t largest_configuration = 1 << 20;  // bytes

}  // namespace

void complain(const cli::Console& console, std::string_view what) {
  console.error("rastel: " + std::string(what) + '\n');
}

void add_place_options(CLI::App& app, Place& place) {
  app.add_option("-c,--config", place.configuration_file,
                 "The configuration file: it says where rasteld is, and without one what is looked for")
      ->capture_default_str()
      ->each([&place](const std::string&) { place.configuration_given = true; });
  app.add_option("--control", place.control,
                 "The control socket of the rasteld that scans; no other will do");
}

std::optional<int> parse(CLI::App& app, const std::vector<std::string>& arguments,
                         const cli::Console& console) {
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, complaint;
    const int code = app.exit(error, out, complaint);
    console.out(out.str());
    console.error(complaint.str());
    return code == 0 ? 0 : static_cast<int>(Exit::not_scanned);
  }
}

Result<Configuration> configuration_of(const Place& place, const cli::Console& console) {
  std::error_code code;
  if (!place.configuration_given && !std::filesystem::exists(place.configuration_file, code) && !code)
    return Configuration{};
  const auto text = os::read_file(place.configuration_file, largest_configuration);
  auto configuration = text ? parse_configuration(*text, place.configuration_file)
                            : Result<Configuration>(std::unexpected(text.error()));
  if (configuration || place.configuration_given) return configuration;
  complain(console, "warning: going by the defaults: " + configuration.error().what);
  return Configuration{};
}

Result<std::unique_ptr<Scanners>> scanners_for(const Place& place, const Configuration& configuration,
                                               std::uint32_t workers, const cli::Console& console) {
  const std::string socket =
      place.control.empty() ? configuration.site.run_directory + "/control.sock" : place.control;
  std::string why_not;
  if (auto daemon = daemon_at(socket, configuration, why_not)) return daemon;
  if (!place.control.empty()) return fail(ErrorKind::peer_closed, why_not);
  LogOptions quiet;  // what the pool tells a daemon's log is told here in other words
  quiet.level = LogLevel::error;
  log::configure(quiet, "rastel");
  const bool show = error_is_terminal();
  if (show) console.error("loading the signatures of " + configuration.signatures.directory + " …");
  auto engine = own_engine(configuration, workers);
  if (show) console.error("\r\x1b[K");
  if (engine && !(*engine)->warning().empty()) complain(console, "warning: " + (*engine)->warning());
  return engine;
}

std::string spool_folder() {
  std::error_code code;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(code);
  return code ? "/tmp" : folder.string();
}

bool error_is_terminal() {
  const char* terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace rastel::scan
