// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/syslog.h>

#include <atomic>
#include <memory>

#include "base/utf8.hpp"

namespace rastel::log {
namespace {

constexpr std::size_t longest_value = 1024;

struct Logging {
  std::shared_ptr<spdlog::logger> logger;
  LogOptions options;
};

std::shared_ptr<const Logging> make(const LogOptions& options, const std::string& program) {
  auto logging = std::make_shared<Logging>();
  logging->options = options;
  spdlog::sink_ptr sink;
  switch (options.destination) {
    case LogDestination::standard_error: sink = std::make_shared<spdlog::sinks::stderr_sink_mt>(); break;
    case LogDestination::syslog:
      sink = std::make_shared<spdlog::sinks::syslog_sink_mt>(program, LOG_PID, LOG_MAIL, false);
      break;
    case LogDestination::journald: sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(program); break;
  }
  // syslog and journald set the time themselves; a JSON line carries it as a field of its own.
  const bool dated = options.destination == LogDestination::standard_error && options.format == LogFormat::text;
  sink->set_pattern(dated ? "%Y-%m-%dT%H:%M:%S.%e%z %l %v" : "%v");
  logging->logger = std::make_shared<spdlog::logger>(program, std::move(sink));
  logging->logger->set_level(spdlog::level::trace);
  logging->logger->flush_on(spdlog::level::trace);
  return logging;
}

std::atomic<std::shared_ptr<const Logging>>& current() {
  static std::atomic<std::shared_ptr<const Logging>> logging(make({}, "rastel"));
  return logging;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "error";
}

std::string now() {
  const auto time = std::chrono::system_clock::now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t plain = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&plain, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec,
                     std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count());
}

std::string json_string(std::string_view text) {
  std::string escaped = "\"";
  for (const char character : printable(text.substr(0, longest_value))) {
    if (character == '"' || character == '\\') escaped += '\\';
    escaped += character;
  }
  return escaped + '"';
}

std::string text_value(const Field& field) {
  const std::string value = printable(std::string_view(field.value).substr(0, longest_value));
  const bool plain = field.kind != Field::Kind::quoted && !value.empty() &&
                     value.find_first_of(" \"=") == std::string::npos;
  // An address in angle brackets may hold "=" (SRS, VERP): what ends a word is a blank or a quote alone.
  const bool bracketed = field.kind == Field::Kind::word && value.find_first_of(" \"") == std::string::npos && !value.empty();
  if (plain || bracketed) return value;
  std::string quoted = "\"";
  for (const char character : value) {
    if (character == '"' || character == '\\') quoted += '\\';
    quoted += character;
  }
  return quoted + '"';
}

void emit(const Logging& logging, LogLevel level, const std::string& line) {
  logging.logger->log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace

void configure(const LogOptions& options, std::string_view program) { current().store(make(options, std::string(program))); }

void write(LogLevel level, std::string_view sentence) {
  const auto logging = current().load();
  if (level < logging->options.level) return;
  if (logging->options.format == LogFormat::json)
    return emit(*logging, level,
                fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"text\":{}}}", now(), level_name(level), json_string(sentence)));
  emit(*logging, level, printable(sentence.substr(0, 4 * longest_value)));
}

std::string fields_as_text(std::string_view id, const std::vector<Field>& fields) {
  std::string line = printable(id) + ':';
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    line += text_value(field);
  }
  return line;
}

std::string fields_as_json(std::string_view id, const std::vector<Field>& fields) {
  std::string line = "{\"id\":" + json_string(id);
  for (const Field& field : fields) {
    line += ",\"";
    line += field.name;
    line += "\":";
    line += field.kind == Field::Kind::number ? field.value : json_string(field.value);
  }
  return line + '}';
}

void fields(std::string_view id, const std::vector<Field>& fields) {
  const auto logging = current().load();
  if (logging->options.level > LogLevel::info) return;
  if (logging->options.format == LogFormat::text) return emit(*logging, LogLevel::info, fields_as_text(id, fields));
  std::string line = fields_as_json(id, fields);
  line.insert(1, fmt::format("\"time\":\"{}\",", now()));
  emit(*logging, LogLevel::info, line);
}

}  // namespace rastel::log
