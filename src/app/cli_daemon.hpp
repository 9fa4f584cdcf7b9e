// SPDX-License-Identifier: GPL-2.0-only
// What the verbs that ask the daemon share: finding its socket, asking, and turning an error into words and
// an exit code.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "app/cli.hpp"
#include "app/control_client.hpp"

namespace rastel::cli {

// --control, or control.sock in the configuration's site.run_directory. A configuration that can't be read or
// is wrong is no obstacle unless it was named: the daemon may well run on an earlier one.
[[nodiscard]] Result<std::string> control_path(const Context& context);

// Says what went wrong, if anything, on standard error.
[[nodiscard]] Exit ask(const Context& context, const boost::json::object& request,
                       const control::ControlClient::OnRow& on_row,
                       const control::ControlClient::OnBytes& on_bytes = {});

// "2h", "7d" before now, or "2026-03-01", "2026-03-01T12:30", "2026-03-01T12:30:00" in UTC.
[[nodiscard]] Result<std::chrono::system_clock::time_point> parse_since(
    std::string_view text, std::chrono::system_clock::time_point now);

// A member as text: strings escaped, numbers as they are, empty when it is missing.
[[nodiscard]] std::string text_of(const boost::json::object& row, std::string_view member);

}  // namespace rastel::cli
