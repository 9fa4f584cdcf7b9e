// SPDX-License-Identifier: GPL-2.0-only
#include "app/metrics.hpp"

#include <array>

#include <fmt/format.h>

namespace rastel::metrics {
namespace {

struct Row {
  std::string_view name;
  Type type;
  std::string_view help;  // without line breaks and backslashes
  void (*write)(const Snapshot& snapshot, Samples& samples);
};

double as_double(std::uint64_t value) { return static_cast<double>(value); }

double seconds_since(std::int64_t unix_time, const Snapshot& snapshot) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(snapshot.now.time_since_epoch());
  return static_cast<double>(now.count() - unix_time);
}

void write_scan_seconds(const Snapshot& snapshot, Samples& samples) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < snapshot.counts.scans.size(); ++i) {
    sum += snapshot.counts.scans[i];
    const std::string bound = i < inspect::Counters::bounds.size()
                                  ? fmt::format("{}", inspect::Counters::bounds[i] / 1000.0)
                                  : "+Inf";
    samples.add(as_double(sum), {{"le", bound}}, "_bucket");
  }
  samples.add(std::chrono::duration<double>(snapshot.counts.scan_sum).count(), {}, "_sum");
  samples.add(as_double(sum), {}, "_count");
}

template <std::uint64_t sandbox::ProcessMemory::* member>
void write_memory(const Snapshot& snapshot, Samples& samples) {
  for (const sandbox::ProcessMemory& memory : snapshot.memory)
    samples.add(as_double(memory.*member), {{"process", memory.name}});
}

template <std::uint64_t sandbox::PoolStatus::* member>
void write_pool(const Snapshot& snapshot, Samples& samples) {
  samples.add(as_double(snapshot.pool.*member));
}

constexpr std::array rows{
    Row{"rastel_build_info", Type::gauge, "Always 1; the labels say what runs.",
        [](const Snapshot& now, Samples& samples) {
          samples.add(1, {{"version", RASTEL_VERSION},
                          {"engine", now.pool.engine_version},
                          {"signatures", now.pool.signature_version}});
        }},
    Row{"rastel_start_time_seconds", Type::gauge, "When the daemon started, in Unix time.",
        [](const Snapshot& now, Samples& samples) {
          samples.add(static_cast<double>(
              std::chrono::duration_cast<std::chrono::seconds>(now.started.time_since_epoch()).count()));
        }},
    Row{"rastel_up", Type::gauge, "1 if a message sent now would be scanned.",
        [](const Snapshot& now, Samples& samples) { samples.add(now.pool.ready && !now.draining ? 1 : 0); }},
    Row{"rastel_messages_total", Type::counter,
        "Messages, or groups of a message's recipients for whom the same was done.",
        [](const Snapshot& now, Samples& samples) {
          for (const auto& [key, count] : now.counts.messages) {
            const auto& [door, message_class, done] = key;
            samples.add(
                as_double(count),
                {{"door", door}, {"class", to_string(message_class)}, {"disposition", to_string(done)}});
          }
        }},
    Row{"rastel_passed_unscanned_total", Type::counter,
        "Messages that passed unscanned, by a door with fail = pass or a program with --fail=pass.",
        [](const Snapshot& now, Samples& samples) { samples.add(as_double(now.passed_unscanned)); }},
    Row{"rastel_sessions", Type::gauge, "Sessions of a door now.",
        [](const Snapshot& now, Samples& samples) {
          for (const DoorSessions& door : now.doors)
            samples.add(as_double(door.sessions), {{"door", door.name}});
        }},
    Row{"rastel_scan_seconds", Type::histogram, "From handing a message to the scanner to its verdict.",
        write_scan_seconds},
    Row{"rastel_scans_under_way", Type::gauge, "Scans that run or wait, those without a waiting client too.",
        [](const Snapshot& now, Samples& samples) { samples.add(as_double(now.scans_under_way)); }},
    Row{"rastel_scans_total", Type::counter, "Scans that ended, in whatever way.",
        write_pool<&sandbox::PoolStatus::scans>},
    Row{"rastel_scan_timeouts_total", Type::counter, "Scans that outlasted engine.deadline.",
        write_pool<&sandbox::PoolStatus::timeouts>},
    Row{"rastel_worker_crashes_total", Type::counter, "Workers that died in a scan.",
        write_pool<&sandbox::PoolStatus::crashes>},
    Row{"rastel_engine_restarts_total", Type::counter, "Engines started in place of one that failed.",
        write_pool<&sandbox::PoolStatus::restarts_of_engine>},
    Row{"rastel_cache_messages_known_total", Type::counter, "Messages that were clean before, byte for byte.",
        write_pool<&sandbox::PoolStatus::messages_known>},
    Row{"rastel_cache_layers_total", Type::counter, "Layers that workers met in the other messages.",
        write_pool<&sandbox::PoolStatus::layers>},
    Row{"rastel_cache_layers_known_total", Type::counter, "Of these, skipped as clean before.",
        write_pool<&sandbox::PoolStatus::layers_known>},
    Row{"rastel_cache_entries", Type::gauge, "Messages and layers that are remembered as clean.",
        write_pool<&sandbox::PoolStatus::remembered>},
    Row{"rastel_workers", Type::gauge, "Workers by what they do.",
        [](const Snapshot& now, Samples& samples) {
          samples.add(now.pool.workers_idle, {{"state", "idle"}});
          samples.add(now.pool.workers_busy, {{"state", "busy"}});
          samples.add(now.pool.workers_starting, {{"state", "starting"}});
        }},
    Row{"rastel_signatures_count", Type::gauge, "Signatures in use.",
        write_pool<&sandbox::PoolStatus::signature_count>},
    Row{"rastel_signatures_age_seconds", Type::gauge,
        "Since the newest database in use was made; missing while that is unknown.",
        [](const Snapshot& now, Samples& samples) {
          if (now.pool.signature_time > 0) samples.add(seconds_since(now.pool.signature_time, now));
        }},
    Row{"rastel_signatures_generation", Type::gauge, "Grows with every set of signatures taken into use.",
        write_pool<&sandbox::PoolStatus::generation>},
    Row{"rastel_signatures_refused", Type::gauge,
        "1 while the folder's signatures are refused and others are in use.",
        [](const Snapshot& now, Samples& samples) { samples.add(now.signatures_refused ? 1 : 0); }},
    Row{"rastel_quarantine_messages", Type::gauge, "Messages with a recipient for whom they are held.",
        [](const Snapshot& now, Samples& samples) {
          if (now.quarantine) samples.add(as_double(now.quarantine->messages));
        }},
    Row{"rastel_quarantine_bytes", Type::gauge, "Bytes of all stored messages.",
        [](const Snapshot& now, Samples& samples) {
          if (now.quarantine) samples.add(as_double(now.quarantine->bytes));
        }},
    Row{"rastel_history_dropped_total", Type::counter, "Rows of the history that were lost to a slow disk.",
        [](const Snapshot& now, Samples& samples) { samples.add(as_double(now.history_dropped)); }},
    Row{"rastel_processes", Type::gauge, "Processes that the memory figures are the sum of.",
        write_memory<&sandbox::ProcessMemory::processes>},
    Row{"rastel_memory_pss_bytes", Type::gauge, "Proportional set size: a page shared by n counts 1/n.",
        write_memory<&sandbox::ProcessMemory::pss>},
    Row{"rastel_memory_uss_bytes", Type::gauge, "Unique set size: what a process shares with nobody.",
        write_memory<&sandbox::ProcessMemory::uss>},
    Row{"rastel_memory_rss_bytes", Type::gauge, "Resident set size: shared pages count in each process.",
        write_memory<&sandbox::ProcessMemory::rss>},
};

std::string_view name_of_type(Type type) {
  switch (type) {
    case Type::counter:
      return "counter";
    case Type::gauge:
      return "gauge";
    case Type::histogram:
      return "histogram";
  }
  return "untyped";
}

// The three characters that the format escapes in a label's value.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char character : value) {
    if (character == '\\' || character == '"') text += '\\';
    if (character == '\n') {
      text += "\\n";
    } else {
      text += character;
    }
  }
  return text;
}

}  // namespace

void Samples::add(double value, const Labels& labels, std::string_view suffix) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  for (const auto& [name, label] : labels) {
    text_ += fmt::format("{}{}=\"{}\"", separator, name, escaped(label));
    separator = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += fmt::format(" {}\n", value);
}

std::string exposition(const Snapshot& snapshot) {
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", row.name, row.help, row.name, name_of_type(row.type));
    Samples samples(text, row.name);
    row.write(snapshot, samples);
  }
  return text;
}

}  // namespace rastel::metrics
