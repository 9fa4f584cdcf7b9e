// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/options.hpp"

namespace rastel {

enum class LogDestination { standard_error, syslog, journald };  // "stderr", "syslog", "journald"
enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };

struct LogOptions {
  LogDestination destination = LogDestination::standard_error;
  LogFormat format = LogFormat::text;
  LogLevel level = LogLevel::info;
};

template <>
struct Names<LogDestination> {
  static constexpr std::array names{std::pair{std::string_view("stderr"), LogDestination::standard_error},
                                    std::pair{std::string_view("syslog"), LogDestination::syslog},
                                    std::pair{std::string_view("journald"), LogDestination::journald}};
};
template <>
struct Names<LogFormat> {
  static constexpr std::array names{std::pair{std::string_view("text"), LogFormat::text},
                                    std::pair{std::string_view("json"), LogFormat::json}};
};
template <>
struct Names<LogLevel> {
  static constexpr std::array names{std::pair{std::string_view("debug"), LogLevel::debug},
                                    std::pair{std::string_view("info"), LogLevel::info},
                                    std::pair{std::string_view("warning"), LogLevel::warning},
                                    std::pair{std::string_view("error"), LogLevel::error}};
};
template <>
struct Rows<LogOptions> {
  static constexpr std::tuple rows{
      Option{"destination", &LogOptions::destination,
             "Where the log goes; journald and syslog add the time themselves."},
      Option{"format", &LogOptions::format, "One line of text, or one JSON object a line."},
      Option{"level", &LogOptions::level,
             "The least level that is written; the line a message has is info."}};
};

}  // namespace rastel
