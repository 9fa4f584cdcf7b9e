// SPDX-License-Identifier: GPL-2.0-only
// How long a client may still take for what it is about to send (PROTOCOLS A-08): a whole idle timeout for
// each command and each message, and more with every byte that comes, at 500 bytes a second. So a client that
// is silent is cut off after that time, and so is one that drips; a slow line with a large message is not.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/deadline.hpp"
#include "base/units.hpp"

namespace rastel::doors::smtp {

class Patience {
 public:
  static constexpr std::size_t least_rate = 500;  // bytes a second

  explicit Patience(Duration whole) : whole_(whole), left_(whole) {}

  [[nodiscard]] Deadline deadline() const { return Deadline::in(left_); }
  void received(Deadline::Clock::duration waited, std::size_t bytes) {
    const Deadline::Clock::duration earned = std::chrono::microseconds(bytes * 1'000'000 / least_rate);
    left_ = std::clamp<Deadline::Clock::duration>(left_ - waited + earned, {}, whole_);
  }
  void refill() { left_ = whole_; }  // a command, or a message, is complete

 private:
  Deadline::Clock::duration whole_, left_;
};

}  // namespace rastel::doors::smtp
