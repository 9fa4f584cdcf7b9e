// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/counters.hpp"

#include <algorithm>

namespace rastel::inspect {

void Counters::count(const std::string& door, MessageClass message_class, Action done) {
  const std::scoped_lock lock(mutex_);
  ++values_.messages[Key(door, message_class, done)];
}

void Counters::scanned(std::chrono::microseconds spent) {
  const auto bucket = std::ranges::lower_bound(
      bounds, spent, {}, [](std::uint32_t bound) { return std::chrono::milliseconds(bound); });
  const std::scoped_lock lock(mutex_);
  ++values_.scans[static_cast<std::size_t>(bucket - bounds.begin())];
  values_.scan_sum += spent;
}

Counters::Values Counters::values() const {
  const std::scoped_lock lock(mutex_);
  return values_;
}

}  // namespace rastel::inspect
