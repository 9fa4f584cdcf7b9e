// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/engine_text.hpp"

#include <array>
#include <ctime>

#include <fmt/format.h>

namespace rastel::doors::clamd {
namespace {

// As ctime() writes it, in English whatever the locale.
std::string date_text(std::int64_t unix_time) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t when = unix_time;
  std::tm date{};
  localtime_r(&when, &date);
  return fmt::format("{} {} {:2} {:02}:{:02}:{:02} {}", days.at(static_cast<std::size_t>(date.tm_wday)),
                     months.at(static_cast<std::size_t>(date.tm_mon)), date.tm_mday, date.tm_hour,
                     date.tm_min, date.tm_sec, 1900 + date.tm_year);
}

}  // namespace

std::string version_text(const EngineState& engine) {
  if (engine.version.empty()) return "ClamAV";
  if (engine.signatures.empty()) return engine.version;
  if (engine.signature_time <= 0) return engine.version + "/" + engine.signatures;
  return engine.version + "/" + engine.signatures + "/" + date_text(engine.signature_time);
}

std::string stats_text(const EngineState& engine) {
  constexpr double mebibyte = 1024.0 * 1024.0;
  const std::string pools = engine.memory == 0
                                ? std::string("N/A")
                                : fmt::format("{:.3f}M", static_cast<double>(engine.memory) / mebibyte);
  return fmt::format(
      "POOLS: 1\n\nSTATE: {} PRIMARY\nTHREADS: live {}  idle {} max {} idle-timeout 0\nQUEUE: {} items\n\n"
      "MEMSTATS: heap N/A mmap N/A used N/A free N/A releasable N/A pools 1 pools_used {} pools_total "
      "{}\nEND",
      engine.ready ? "VALID" : "INVALID", engine.workers, engine.idle, engine.workers, engine.waiting, pools,
      pools);
}

}  // namespace rastel::doors::clamd
