// SPDX-License-Identifier: GPL-2.0-only
// The `rastel` program: verbs that operate a running daemon over its control socket, look at configuration,
// and the small receiver and load generator. A verb that is not built in is looked for as `rastel-VERB`
// beside the program (`scan` and `explain` are rastel-scan). One thread. Everything that came from a message
// or a peer is escaped before it is printed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace CLI {
class App;
}

namespace rastel::cli {

// sysexits.h where it has a word for it.
enum class Exit : int {
  ok = 0,
  refused = 1,       // the daemon says no, or there is no such thing; or a check found something
  usage = 2,         // the command line
  unavailable = 69,  // the daemon can't be reached
  temporary = 75,    // trouble that time may cure; connection trouble of sink and send
  forbidden = 77,    // no permission for the control socket
};

// Where a verb's words go; tests put their own there.
struct Console {
  std::function<void(std::string_view)> out, error;
  bool colour = false;  // standard output is a terminal that wants colours
};
[[nodiscard]] Console standard_console();

// What the verbs share; filled by the parser before the chosen one runs.
struct Context {
  Console& console;
  std::string configuration_file = "/etc/rastel/rastel.toml";
  bool configuration_given = false;
  std::string control_path;      // --control; empty: from the configuration
  std::function<Exit()> action;  // the chosen verb

  void say(std::string_view line) const { console.out(std::string(line) + '\n'); }
  void complain(std::string_view line) const { console.error("rastel: " + std::string(line) + '\n'); }
};

// `arguments`: without the program's name.
[[nodiscard]] int run(const std::vector<std::string>& arguments, Console& console);

// Each adds its verbs to the parser. `context` outlives the parser.
void add_status_verbs(CLI::App& app, Context& context);      // status history reload drain
void add_quarantine_verbs(CLI::App& app, Context& context);  // quarantine …
void add_config_verbs(CLI::App& app, Context& context);      // config …
void add_user_verbs(CLI::App& app, Context& context);        // user …
void add_sink_verb(CLI::App& app, Context& context);
void add_send_verb(CLI::App& app, Context& context);

}  // namespace rastel::cli
