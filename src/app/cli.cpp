// SPDX-License-Identifier: GPL-2.0-only
#include "app/cli.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace rastel::cli {
namespace {

void write_to(std::FILE* file, std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), file);
}

// A name that can be nothing but a verb: no path, no option.
bool is_verb(std::string_view word) {
  return !word.empty() && word.size() < 32 && word.front() != '-' &&
         std::ranges::all_of(
             word, [](char character) { return (character >= 'a' && character <= 'z') || character == '-'; });
}

// Small programs of their own stand beside this one (`rastel-VERB`): they must not carry what this one links.
// Returns only when there is none.
void become_program_of(const std::vector<std::string>& arguments) {
  if (arguments.empty() || !is_verb(arguments.front())) return;
  std::error_code code;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", code);
  if (code) return;
  const std::string program = (own.parent_path() / ("rastel-" + arguments.front())).string();
  // What the master starts is not a verb for people.
  if (arguments.front() == "daemon" || arguments.front() == "engine" || arguments.front() == "page" ||
      access(program.c_str(), X_OK) != 0)
    return;
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (std::size_t i = 1; i < arguments.size(); ++i) words.push_back(const_cast<char*>(arguments[i].c_str()));
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
}

Exit parse(CLI::App& app, const std::vector<std::string>& arguments, Context& context) {
  try {
    // CLI11 takes them from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return Exit::ok;
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, complaint;
    const int code = app.exit(error, out, complaint);
    context.console.out(out.str());
    context.console.error(complaint.str());
    context.action = [code] { return code == 0 ? Exit::ok : Exit::usage; };
    return code == 0 ? Exit::ok : Exit::usage;
  }
}

}  // namespace

Console standard_console() {
  Console console;
  console.out = [](std::string_view text) { write_to(stdout, text); };
  console.error = [](std::string_view text) {
    (void)std::fflush(stdout);  // in the order in which it was said
    write_to(stderr, text);
  };
  const char* terminal = std::getenv("TERM");
  console.colour = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr && terminal != nullptr &&
                   std::string_view(terminal) != "dumb";
  return console;
}

int run(const std::vector<std::string>& arguments, Console& console) {
  Context context{console, {}, false, {}, {}};
  context.configuration_file = "/etc/rastel/rastel.toml";
  CLI::App app{
      "Rastel: scans the mail of a mail server at every point of its way.\n"
      "Operates a running rasteld over its control socket (root and the group rastel-admin may).",
      "rastel"};
  app.set_version_flag("--version", "rastel " RASTEL_VERSION);
  const CLI::Option* file = app.add_option("-c,--config", context.configuration_file,
                                           "The configuration file; it says where the control socket is")
                                ->capture_default_str();
  app.add_option("--control", context.control_path, "The daemon's control socket");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Exit: 0 done, 1 refused or not found, 2 wrong command line, 69 rasteld can't be reached, 75 trouble "
      "that may pass,\n"
      "77 no permission. `rastel VERB --help` says more.");
  add_status_verbs(app, context);
  add_quarantine_verbs(app, context);
  add_config_verbs(app, context);
  add_user_verbs(app, context);
  add_sink_verb(app, context);
  add_send_verb(app, context);
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  const auto is_asked = [&](const CLI::App* verb) { return verb->check_name(arguments.front()); };
  if (!arguments.empty() && std::ranges::none_of(verbs, is_asked)) become_program_of(arguments);
  const Exit parsed = parse(app, arguments, context);
  context.configuration_given = file->count() > 0;
  if (parsed != Exit::ok || !context.action) return static_cast<int>(parsed);
  return static_cast<int>(context.action());
}

}  // namespace rastel::cli
