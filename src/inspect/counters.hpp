// SPDX-License-Identifier: GPL-2.0-only
// What is counted while messages' stories are told: how many by door, class and disposition, and how long
// scans took. For /metrics. Thread-safe. Bounded: door names come from the configuration, classes and
// dispositions are closed sets.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel::inspect {

class Counters {
 public:
  // Upper bounds of the histogram's buckets, in milliseconds; what takes longer is in the last one, +Inf.
  static constexpr std::array<std::uint32_t, 15> bounds{1,   2,    5,    10,   25,    50,    100,   250,
                                                        500, 1000, 2500, 5000, 10000, 30000, 120000};

  using Key = std::tuple<std::string, MessageClass, Action>;  // door, class, what was done
  struct Values {
    std::map<Key, std::uint64_t> messages;
    std::array<std::uint64_t, bounds.size() + 1> scans{};  // not cumulative
    std::chrono::microseconds scan_sum{};
  };

  // One group of a message's recipients for whom the same was done.
  void count(const std::string& door, MessageClass message_class, Action done);
  void scanned(std::chrono::microseconds spent);
  [[nodiscard]] Values values() const;

 private:
  mutable std::mutex mutex_;
  Values values_;
};

}  // namespace rastel::inspect
