// SPDX-License-Identifier: GPL-2.0-only
#include "app/cli_daemon.hpp"

#include <algorithm>
#include <ctime>

#include <boost/json.hpp>

#include "base/os/file.hpp"
#include "base/units.hpp"
#include "base/utf8.hpp"
#include "configuration/configuration.hpp"

namespace rastel::cli {
namespace {

constexpr std::size_t largest_configuration = 1 << 20;  // bytes
// Loading signatures takes a minute; a release waits for the release hop.
constexpr auto patience = std::chrono::minutes(15);

Exit exit_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::peer_closed:
      return Exit::unavailable;
    case ErrorKind::peer:
    case ErrorKind::timed_out:
    case ErrorKind::no_space:
    case ErrorKind::busy:
    case ErrorKind::cancelled:
      return Exit::temporary;
    case ErrorKind::invalid_input:
    case ErrorKind::hostile_message:
    case ErrorKind::ours:
    case ErrorKind::not_found:
      return Exit::refused;
  }
  return Exit::refused;
}

}  // namespace

Result<std::string> control_path(const Context& context) {
  if (!context.control_path.empty()) return context.control_path;
  std::string folder = SiteOptions().run_directory;
  const auto text = os::read_file(context.configuration_file, largest_configuration);
  if (!text && context.configuration_given) return std::unexpected(text.error());
  if (text) {
    const auto configuration = parse_configuration(*text, context.configuration_file);
    if (!configuration && context.configuration_given) return std::unexpected(configuration.error());
    if (configuration) folder = configuration->site.run_directory;
  }
  return folder + "/control.sock";
}

Exit ask(const Context& context, const boost::json::object& request,
         const control::ControlClient::OnRow& on_row, const control::ControlClient::OnBytes& on_bytes) {
  const auto path = control_path(context);
  if (!path) {
    context.complain(path.error().what);
    return Exit::usage;
  }
  auto client = control::ControlClient::connect(*path);
  if (!client) {
    context.complain(client.error().what);
    return client.error().kind == ErrorKind::invalid_input ? Exit::forbidden : Exit::unavailable;
  }
  const auto answered = client->ask(request, Deadline::in(patience), on_row, on_bytes);
  if (answered) return Exit::ok;
  context.complain(answered.error().what);
  return exit_for(answered.error().kind);
}

Result<std::chrono::system_clock::time_point> parse_since(std::string_view text,
                                                          std::chrono::system_clock::time_point now) {
  // Fifty years back is the beginning for any mail; much more would leave the clock's range.
  if (const auto duration = parse_duration(text))
    return now - std::min<Duration>(*duration, std::chrono::hours(24 * 365 * 50));
  const std::string zeroed(text);
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"}) {
    std::tm parts{};
    const char* end = strptime(zeroed.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') return std::chrono::system_clock::from_time_t(timegm(&parts));
  }
  return fail(ErrorKind::invalid_input,
              "want a time like \"2h\", \"7d\", \"2026-03-01\" or \"2026-03-01T12:30\" (UTC), not \"" +
                  printable(text) + '"');
}

std::string text_of(const boost::json::object& row, std::string_view member) {
  const boost::json::value* value = row.if_contains(member);
  if (value == nullptr || value->is_null()) return {};
  if (const auto* text = value->if_string()) return printable(*text);
  return printable(boost::json::serialize(*value));
}

}  // namespace rastel::cli
