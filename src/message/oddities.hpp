// SPDX-License-Identifier: GPL-2.0-only
// What was noticed while a message was read: each flag once, with the place of its first instance and how
// often it was seen. Bounded by the number of flags, whatever a message does.
#pragma once

#include <vector>

#include "verdict/ambiguity.hpp"

namespace rastel::message {

using rastel::ByteRange;  // offsets into the bytes that were given to whoever says it
using rastel::Oddity;

class Oddities {
 public:
  void add(Ambiguity flag, ByteRange where) {
    for (Oddity& known : list_)
      if (known.flag == flag) {
        ++known.times;
        return;
      }
    list_.push_back({flag, where});
  }
  [[nodiscard]] bool has(Ambiguity flag) const {
    for (const Oddity& known : list_)
      if (known.flag == flag) return true;
    return false;
  }
  [[nodiscard]] const std::vector<Oddity>& list() const { return list_; }  // in the order of first instances
  bool operator==(const Oddities&) const = default;

 private:
  std::vector<Oddity> list_;
};

}  // namespace rastel::message
