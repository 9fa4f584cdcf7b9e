// SPDX-License-Identifier: GPL-2.0-only
// Deadline: the instant at which a wait ends. Every wait takes one as a parameter without a default; "no
// deadline" is spelled out.
#pragma once

#include <algorithm>
#include <chrono>

namespace rastel {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] static Deadline never() { return Deadline(Clock::time_point::max()); }
  [[nodiscard]] static Deadline in(Clock::duration duration) { return Deadline(Clock::now() + duration); }
  [[nodiscard]] static Deadline at(Clock::time_point when) { return Deadline(when); }

  [[nodiscard]] Clock::time_point when() const { return when_; }
  [[nodiscard]] bool is_never() const { return when_ == Clock::time_point::max(); }
  [[nodiscard]] bool passed() const { return !is_never() && Clock::now() >= when_; }
  // Zero once passed.
  [[nodiscard]] Clock::duration left() const {
    return is_never() ? Clock::duration::max() : std::max(Clock::duration::zero(), when_ - Clock::now());
  }
  [[nodiscard]] Deadline earlier(Deadline other) const { return Deadline(std::min(when_, other.when_)); }
  auto operator<=>(const Deadline&) const = default;

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace rastel
