// SPDX-License-Identifier: GPL-2.0-only
// What `rastel explain` shows of one message: what it amounts to, its parts by every reading, and each way in
// which programs may understand it differently, with the bytes that cause it. Pure but for the bytes, which
// are read from the message; all that came from it is escaped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/scan_result.hpp"
#include "base/message.hpp"

namespace rastel::scan {

// The bytes of the message at a flag's place, with a few on either side. No bytes at all where the place
// isn't in the message.
struct Evidence {
  std::uint64_t line = 0;  // of the first byte, from 1
  std::string before, bytes, after;
  std::uint64_t left_out = 0;  // of the bytes, behind those that are shown
};
inline constexpr std::size_t most_evidence = 64;  // bytes
inline constexpr std::size_t context = 24;        // bytes on either side

// One a flag, in their order. What can't be read is shown as if it weren't there.
[[nodiscard]] std::vector<Evidence> evidence_of(const Message& message, const std::vector<Oddity>& flags);

struct Explained {
  std::string name;  // of the file, escaped
  std::uint64_t size = 0;
  std::string sha256;
  ScanResult result;
  std::vector<Evidence> evidence;
};

[[nodiscard]] std::string explanation(const Explained& message, bool colours);

}  // namespace rastel::scan
