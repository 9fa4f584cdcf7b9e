// SPDX-License-Identifier: GPL-2.0-only
// Reports about whole messages that were clean and complete, by what their bytes are: who sends the very same
// message again gets the same report, with its parts, names and flags, without a scan. Bounded in bytes; the
// oldest go first, and none lives longer than VerdictTable's entries. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <unordered_map>

#include "base/sha256.hpp"
#include "verdict/report.hpp"

namespace rastel::sandbox {

class ReportMemory {
 public:
  using Clock = std::chrono::steady_clock;
  explicit ReportMemory(std::size_t bytes) : room_(bytes) {}

  void remember(const Digest& key, const Report& report, Clock::time_point now);
  void forget(const Digest& key);
  // nullptr: not known. Valid until the next call of another member.
  [[nodiscard]] const Report* find(const Digest& key, Clock::time_point now) const;
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }

 private:
  struct Entry {
    Digest key;
    Report report;
    std::size_t bytes = 0;
    Clock::time_point since;
  };
  using Entries = std::list<Entry>;  // the oldest first
  void remove(Entries::iterator entry);

  std::size_t room_;  // bytes that are left
  Entries entries_;
  std::unordered_map<Digest, Entries::iterator> by_key_;
};

}  // namespace rastel::sandbox
