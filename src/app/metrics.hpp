// SPDX-License-Identifier: GPL-2.0-only
// /metrics: what the daemon knows about itself, in the text format of Prometheus (0.0.4). One row a metric in
// metrics.cpp: name, type, a sentence, and what writes its samples from a snapshot. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/counters.hpp"
#include "sandbox/pool.hpp"
#include "sandbox/process_memory.hpp"
#include "store/quarantine.hpp"

namespace rastel::metrics {

struct DoorSessions {
  std::string name;
  std::size_t sessions = 0;
};

// Everything as it was at one instant.
struct Snapshot {
  std::chrono::system_clock::time_point now;
  std::chrono::system_clock::time_point started;  // the daemon
  sandbox::PoolStatus pool;
  bool signatures_refused = false;
  std::uint32_t scans_under_way = 0;
  bool draining = false;
  inspect::Counters::Values counts;
  std::uint64_t passed_unscanned = 0;
  std::uint64_t history_dropped = 0;
  std::vector<DoorSessions> doors;
  std::optional<store::Quarantine::Usage> quarantine;  // nothing: it could not be asked
  std::vector<sandbox::ProcessMemory> memory;          // who is missing could not be looked at
};

enum class Type { counter, gauge, histogram };

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

// The samples of one metric. Label values are escaped.
class Samples {
 public:
  Samples(std::string& text, std::string_view name) : text_(text), name_(name) {}
  void add(double value, const Labels& labels = {}, std::string_view suffix = {});

 private:
  std::string& text_;
  std::string_view name_;
};

[[nodiscard]] std::string exposition(const Snapshot& snapshot);

}  // namespace rastel::metrics
