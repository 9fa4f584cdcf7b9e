// SPDX-License-Identifier: GPL-2.0-only
#include "app/cli.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace rastel::cli {
namespace {

// A name that can be nothing but a verb: no path, no option.
bool is_verb(std::string_view word) {
  return !word.empty() && word.size() < 32 && word.front() != '-' &&
         std::ranges::all_of(
             word, [](char character) { return (character >= 'a' && character <= 'z') || character == '-'; });
}

// Where the verb stands, behind the options that all verbs share; the end when there is none.
std::size_t place_of_verb(const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with('-')) {
    const std::string& word = arguments[at];
    const bool value_follows = word == "-c" || word == "--config" || word == "--control";
    const bool has_value = word.starts_with("--config=") || word.starts_with("--control=") ||
                           (word.starts_with("-c") && word.size() > 2);
    if (!value_follows && !has_value) return arguments.size();
    at += value_follows ? 2 : 1;
  }
  return std::min(at, arguments.size());
}

// Programs of their own stand beside this one (`rastel-VERB`): what one of them links the others must not
// have to carry. It is given all words but the verb, and called by it. Returns only when there is none.
void become_program_of(std::vector<std::string> arguments, std::size_t place) {
  const std::string verb = arguments[place];
  std::error_code code;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", code);
  if (code || !is_verb(verb)) return;
  // The two have all but their output in common.
  const std::string program =
      (own.parent_path() / ("rastel-" + (verb == "explain" ? "scan" : verb))).string();
  // What the master starts is not a verb for people.
  if (verb == "daemon" || verb == "engine" || verb == "page" || access(program.c_str(), X_OK) != 0) return;
  arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(place));
  std::string name = "rastel-" + verb;
  std::vector<char*> words{name.data()};
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
}

// Listed with the others. What is parsed here could not be started.
void add_program_verb(CLI::App& app, Context& context, const std::string& verb,
                      const std::string& description) {
  CLI::App* stub = app.add_subcommand(verb, description);
  stub->prefix_command();
  stub->callback([&context, verb] {
    context.action = [&context, verb] {
      context.complain("the program of " + verb + " is not beside this one: install all of Rastel");
      return Exit::usage;
    };
  });
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
  const std::size_t place = place_of_verb(arguments);
  const auto is_asked = [&](const CLI::App* verb) { return verb->check_name(arguments[place]); };
  if (place < arguments.size() && std::ranges::none_of(verbs, is_asked)) become_program_of(arguments, place);
  add_program_verb(app, context, "scan", "Scan files, mbox files, folders and standard input");
  add_program_verb(
      app, context, "explain",
      "One message: its parts by every reading, and what was found, with the bytes that caused it");
  add_program_verb(app, context, "deliver",
                   "Have a message scanned, then start a delivery program with it (docs/deliver.md)");
  add_program_verb(app, context, "filter", "Have a message scanned between standard input and output");
  add_program_verb(app, context, "qmail-queue", "Have a message scanned in place of qmail-queue");
  add_program_verb(app, context, "opensmtpd-filter",
                   "Have the mail of OpenSMTPD's smtpd scanned, as a filter of it");
  add_program_verb(app, context, "courierfilter", "Have Courier's mail scanned, as a mail filter of it");
  const Exit parsed = parse(app, arguments, context);
  context.configuration_given = file->count() > 0;
  if (parsed != Exit::ok || !context.action) return static_cast<int>(parsed);
  return static_cast<int>(context.action());
}

}  // namespace rastel::cli
