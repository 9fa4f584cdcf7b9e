// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/syslog.h>
#include <unistd.h>

#include "base/utf8.hpp"

namespace rastel::log {
namespace {

constexpr std::size_t longest_value = 1024;  // octets of a field
constexpr std::size_t longest_sentence = 4096;

struct Logging {
  std::shared_ptr<spdlog::logger> logger;
  LogOptions options;
};

// Without journald sd_journal_send() drops what it is given and calls that a success.
bool journald_runs() { return access("/run/systemd/journal/socket", W_OK) == 0; }

std::shared_ptr<const Logging> make(LogOptions options, const std::string& program) {
  auto logging = std::make_shared<Logging>();
  if (options.destination == LogDestination::journald && !journald_runs())
    options.destination = LogDestination::standard_error;
  logging->options = options;
  spdlog::sink_ptr sink;
  switch (options.destination) {
    case LogDestination::standard_error:
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
      break;
    case LogDestination::syslog:
      sink = std::make_shared<spdlog::sinks::syslog_sink_mt>(program, LOG_PID, LOG_MAIL, false);
      break;
    case LogDestination::journald:
      sink = std::make_shared<spdlog::sinks::systemd_sink_mt>(program);
      break;
  }
  // syslog and journald set the time themselves; a JSON line carries it as a field of its own.
  const bool dated =
      options.destination == LogDestination::standard_error && options.format == LogFormat::text;
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
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string now() {
  const auto time = std::chrono::system_clock::now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t plain = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&plain, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count());
}

// At most `most` octets, not cut within a UTF-8 sequence.
std::string_view bounded(std::string_view text, std::size_t most = longest_value) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end + 4 > most && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string json_string(std::string_view text, std::size_t most = longest_value) {
  std::string escaped = "\"";
  for (const char character : printable(bounded(text, most))) {
    if (character == '"' || character == '\\') escaped += '\\';
    escaped += character;
  }
  return escaped + '"';
}

// What can't be taken for more than one value: visible ASCII without a quote. A Unicode blank ends a word for
// some readers of logs; an equals sign is harmless here (addresses of SRS and VERP hold it).
bool is_one_word(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char character) {
    return character > ' ' && character < 0x7f && character != '"' && character != '\\';
  });
}

// The quote's own escapes first, so that "\\x0a" (four octets that somebody sent) and \x0a (one octet,
// escaped by us) stay apart.
std::string in_quotes(std::string_view value) {
  std::string escaped;
  for (const char character : value) {
    if (character == '"' || character == '\\') escaped += '\\';
    escaped += character;
  }
  return '"' + printable(escaped) + '"';
}

std::string text_value(const Field& field) {
  const std::string_view value = bounded(field.value);
  return field.kind != Field::Kind::quoted && is_one_word(value) ? std::string(value) : in_quotes(value);
}

// A number is what JSON calls one here: digits. Anything else would be text of somebody else's in our syntax.
bool is_number(std::string_view value) {
  return !value.empty() && value.size() <= 20 &&
         value.find_first_not_of("0123456789") == std::string_view::npos &&
         (value.size() == 1 || value.front() != '0');
}

void emit(const Logging& logging, LogLevel level, const std::string& line) {
  logging.logger->log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace

void configure(const LogOptions& options, std::string_view program) {
  const auto logging = make(options, std::string(program));
  const bool replaced = logging->options.destination != options.destination;
  current().store(logging);
  if (replaced) warning("journald doesn't run here: the log goes to standard error");
}

void write(LogLevel level, std::string_view sentence) {
  const auto logging = current().load();
  if (level < logging->options.level) return;
  if (logging->options.format == LogFormat::json)
    return emit(*logging, level,
                fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"text\":{}}}", now(), level_name(level),
                            json_string(sentence, longest_sentence)));
  emit(*logging, level, printable(bounded(sentence, longest_sentence)));
}

std::string fields_as_text(std::string_view id, const std::vector<Field>& fields) {
  std::string line = printable(bounded(id)) + ':';
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
    line +=
        field.kind == Field::Kind::number && is_number(field.value) ? field.value : json_string(field.value);
  }
  return line + '}';
}

void fields(std::string_view id, const std::vector<Field>& fields) {
  const auto logging = current().load();
  if (logging->options.level > LogLevel::info) return;
  if (logging->options.format == LogFormat::text)
    return emit(*logging, LogLevel::info, fields_as_text(id, fields));
  std::string line = fields_as_json(id, fields);
  line.insert(1, fmt::format("\"time\":\"{}\",", now()));
  emit(*logging, LogLevel::info, line);
}

}  // namespace rastel::log
