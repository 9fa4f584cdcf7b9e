// SPDX-License-Identifier: GPL-2.0-only
// History: one row a message and recipient group, in a database of its own, written in batches by a thread of
// its own: at most one second of passed mail may be lost with the power, never what is held or discarded (the
// quarantine has it). Thread-safe. append() never blocks on the disk; when 10,000 rows wait, the oldest
// waiting row is dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "store/durable.hpp"
#include "store/options.hpp"

namespace rastel::store {

struct HistoryRow {
  std::string id;
  std::chrono::system_clock::time_point when;
  std::string door, client, authenticated_user, sender, recipients;  // recipients: comma-separated
  std::string message_id, queue_id;
  std::uint64_t size = 0;
  std::string message_class;  // "infected", "unscanned(limit)"
  std::string finding;
  std::string action;  // "reject", or "reject>quarantine" where asked and done differ
  std::string reply, next_hop, next_reply;
  std::uint32_t receive_ms = 0, scan_ms = 0, next_hop_ms = 0;
  bool observed = false;
};

struct HistoryFilter {
  // Substring of id, sender, recipients, message_id or queue_id; ASCII case-insensitive.
  std::optional<std::string> text = std::nullopt;
  std::optional<std::chrono::system_clock::time_point> since = std::nullopt;
  std::optional<std::string> message_class = std::nullopt;  // "unscanned" finds every reason of it
  bool only_observed = false;                               // `history --would`
  std::size_t limit = 100;                                  // newest first
};

class History {
 public:
  // DIRECTORY/history.sqlite. `files`: as for the quarantine (tests put a faulty disk there).
  static Result<std::unique_ptr<History>> open(const StoreOptions& options,
                                               DurableFiles& files = real_files());
  virtual ~History() = default;  // writes what waits
  virtual void append(HistoryRow row) = 0;
  [[nodiscard]] virtual Result<> flush() = 0;  // waits until all rows appended so far are in the database
  [[nodiscard]] virtual Result<std::vector<HistoryRow>> query(
      const HistoryFilter& filter) = 0;  // with what was appended before
  [[nodiscard]] virtual Result<> purge(std::chrono::system_clock::time_point older_than) = 0;
  [[nodiscard]] virtual std::uint64_t dropped() const = 0;
};

}  // namespace rastel::store
