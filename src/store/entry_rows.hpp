// SPDX-License-Identifier: GPL-2.0-only
// The tables of the quarantine's database and their rows: one entry a message, one row a recipient, one-use
// pass rows. Plain functions on a Database; the caller holds the lock and the transaction. Limits: addresses
// and ESMTP parameters up to 4096 bytes each (longer: refused, a cut address is another address), everything
// else that a peer said is cut to 1024 bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "store/database.hpp"
#include "store/quarantine.hpp"

namespace rastel::store {

inline constexpr std::size_t longest_address = 4096;  // bytes; also of ESMTP parameters
inline constexpr std::size_t longest_remark = 1024;

enum class EntryKind : std::uint8_t { held = 0, discarded = 1 };
// Values of recipient.state beyond HeldState's: what was discarded is no held message.
inline constexpr std::int64_t state_discarded = 4;

[[nodiscard]] std::span<const char* const> quarantine_migrations();

[[nodiscard]] std::int64_t to_milliseconds(Clock::time_point when);

// hostile_message: too long, or with a line break (it would split the command line when it is released).
// ours: an id or an index that isn't one.
[[nodiscard]] Result<> check_request(const HoldRequest& request);
// Those of the request, each address once.
[[nodiscard]] std::vector<Recipient> wanted_recipients(const HoldRequest& request);

[[nodiscard]] Result<std::int64_t> insert_entry(Database& database, EntryKind kind, const Message& message,
                                                const HoldRequest& request, Clock::time_point now);
// A recipient that the entry has already is left as it is, unless it was released or deleted.
[[nodiscard]] Result<> insert_recipient(Database& database, std::int64_t entry, const Recipient& recipient,
                                        std::int64_t state, Clock::time_point now);

struct EntryKey {
  std::int64_t number = 0;
  std::string id;
  std::uint64_t size = 0;
  bool stored = false;
};
[[nodiscard]] Result<std::optional<EntryKey>> find_entry(Database& database, EntryKind kind,
                                                         std::string_view id);
// The oldest entry whose bytes are kept and that has one of `recipients` held or being released.
[[nodiscard]] Result<std::optional<EntryKey>> find_same(Database& database, const Digest& digest,
                                                        std::string_view reverse_path,
                                                        const std::vector<Recipient>& recipients);

[[nodiscard]] Result<HeldMessage> read_entry(Database& database, std::int64_t number);
[[nodiscard]] Result<std::vector<std::int64_t>> list_entries(Database& database, const ListFilter& filter);

[[nodiscard]] Result<> set_state(Database& database, std::int64_t entry, std::string_view address,
                                 HeldState from, HeldState to, Clock::time_point now);

}  // namespace rastel::store
