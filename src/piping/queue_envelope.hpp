// SPDX-License-Identifier: GPL-2.0-only
// The envelope as qmail-queue(8) reads it from its descriptor 1: "F" sender NUL, "T" recipient NUL for each,
// NUL. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::piping {

struct QueueEnvelope {
  std::string sender;
  std::vector<std::string> recipients;
  bool operator==(const QueueEnvelope&) const = default;
};

// Nothing: it is none, or one that qmail-queue itself wouldn't take (an address of more than 1,003 bytes with
// its letter and its end; no recipient).
[[nodiscard]] std::optional<QueueEnvelope> parse_queue_envelope(std::string_view bytes);

}  // namespace rastel::piping
