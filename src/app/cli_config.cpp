// SPDX-License-Identifier: GPL-2.0-only
// rastel config check, show, sample, reference.
#include <CLI/CLI.hpp>

#include "app/cli.hpp"
#include "app/tls_files.hpp"
#include "base/os/file.hpp"
#include "configuration/configuration.hpp"
#include "configuration/configuration_check.hpp"

namespace rastel::cli {
namespace {

constexpr std::size_t largest_configuration = 1 << 20;  // bytes

Result<Configuration> configuration_of(const Context& context) {
  RASTEL_TRY(const std::string text, os::read_file(context.configuration_file, largest_configuration));
  return parse_configuration(text, context.configuration_file);
}

Exit check(const Context& context) {
  const auto configuration = configuration_of(context);
  if (!configuration) {
    context.console.error(configuration.error().what + '\n');
    return Exit::refused;
  }
  const auto files = read_tls_files(*configuration);
  if (!files) {
    context.console.error(files.error().what + '\n');
    return Exit::refused;
  }
  for (const std::string& warning : warnings(*configuration)) context.say("warning: " + warning);
  for (const std::string& remark : files->remarks) context.say("warning: " + remark);
  context.say(context.configuration_file + " is fine");
  return Exit::ok;
}

Exit show(const Context& context) {
  const auto configuration = configuration_of(context);
  if (!configuration) {
    context.console.error(configuration.error().what + '\n');
    return Exit::refused;
  }
  context.console.out(show_configuration(*configuration));
  return Exit::ok;
}

void add(CLI::App& config, Context& context, const std::string& name, const std::string& description,
         Exit (*action)(const Context&)) {
  config.add_subcommand(name, description)->callback([&context, action] {
    context.action = [&context, action] { return action(context); };
  });
}

}  // namespace

void add_config_verbs(CLI::App& app, Context& context) {
  CLI::App* config = app.add_subcommand("config", "Everything about options: check, show, sample, reference");
  config->require_subcommand(1);
  config->fallthrough();
  add(*config, context, "check", "Say what is wrong with the configuration file (1), or that nothing is (0)",
      check);
  add(*config, context, "show", "Every option with the value that holds, defaults included", show);
  add(*config, context, "sample", "A configuration file to start from: every option as a comment",
      [](const Context& given) {
        given.console.out(sample_configuration());
        return Exit::ok;
      });
  add(*config, context, "reference", "The manual of all options (Markdown)", [](const Context& given) {
    given.console.out(configuration_reference());
    return Exit::ok;
  });
}

}  // namespace rastel::cli
