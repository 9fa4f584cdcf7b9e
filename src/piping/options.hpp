// SPDX-License-Identifier: GPL-2.0-only
// The small programs' command lines, and what the environment says of the envelope (PROTOCOLS F-10, F-11).
// All of it may have been chosen by a remote sender: it is told to the daemon, and nothing is decided by it
// here.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "piping/ask.hpp"
#include "piping/trouble.hpp"

namespace rastel::piping {

enum class WhenAway : std::uint8_t { defer, pass };

struct Options {
  pipe::Request request;
  std::string socket_path = usual_socket;
  WhenAway when_away = WhenAway::defer;
  Caller caller = Caller::sysexits;
  std::chrono::milliseconds timeout = std::chrono::seconds(240);
  std::string real;                  // --real
  std::string listen;                // --listen
  std::vector<std::string> command;  // behind "--"
};

// A variable of the environment; nothing: it isn't set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
[[nodiscard]] Environment own_environment();

// `words`: without the program's name. The error: what is wrong, one line. What an option says goes before
// the environment.
[[nodiscard]] std::expected<Options, std::string> parse(const std::vector<std::string>& words,
                                                        const Environment& environment);
// Installed under a delivery program's name: all words are that program's. Of them "-f SENDER", "-r SENDER"
// and "-d RECIPIENT…" are looked at.
[[nodiscard]] Options from_delivery_arguments(const std::vector<std::string>& words,
                                              const Environment& environment);

// "240s", "4m", "500ms".
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_time(std::string_view text);

// For --help.
inline constexpr std::string_view options_told = R"(
  --sender S, --recipient R (many)          who wrote to whom; else what the environment says
  --client-address, --client-name, --client-helo, --user, --queue-id    likewise, for log and policy
  --socket PATH                             of the daemon's [[door.pipe]]; /run/rastel/pipe.sock
  --timeout TIME                            all of it, as 240s
  --fail=pass                               unscanned where the daemon gives no answer; else deferred
  --exit-codes=qmail                        100 and 111 instead of 77 and 75
  --real PATH                               of qmail-queue (rastel-qmail-queue)
  --listen PATH                             of its socket (rastel-courierfilter)
)";

}  // namespace rastel::piping
