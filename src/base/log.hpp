// SPDX-License-Identifier: GPL-2.0-only
// The log: plain sentences for what happens to the program, and one structured line a message (fields()
// below). To stderr, syslog or journald, as text or one JSON object a line. Thread-safe. Every value is
// escaped: control characters never reach the log, so that a hostile peer can't forge a line. Until
// configure(): stderr, text, info. Where journald is asked for and doesn't run: stderr.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log_options.hpp"

namespace rastel::log {

void configure(const LogOptions& options, std::string_view program);

void write(LogLevel level, std::string_view sentence);

template <class... Arguments>
void debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(LogLevel::debug, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(LogLevel::info, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(LogLevel::warning, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write(LogLevel::error, fmt::format(format, std::forward<Arguments>(arguments)...));
}

// One line about one message: "3f9a…: door=before client=host[192.0.2.4] … finding="Eicar" …". A value with
// anything but visible ASCII, or with a quote, is quoted; numbers stay numbers in JSON (a `number` that isn't
// digits becomes text). `quoted`: always in quotation marks. Of a value at most 1 KiB is written, of a
// sentence 4 KiB.
struct Field {
  std::string_view name;
  std::string value;
  enum class Kind { word, quoted, number } kind = Kind::word;
};
void fields(std::string_view id, const std::vector<Field>& fields);

// The two renderings, apart from where they go (also used by `rastel history`).
[[nodiscard]] std::string fields_as_text(std::string_view id, const std::vector<Field>& fields);
[[nodiscard]] std::string fields_as_json(std::string_view id, const std::vector<Field>& fields);

}  // namespace rastel::log
