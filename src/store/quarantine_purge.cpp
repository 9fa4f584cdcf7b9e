// SPDX-License-Identifier: GPL-2.0-only
// Removing: by hand, by age, and what crashes left behind. Rows go first, files after them.
#include <fmt/format.h>

#include "base/identifier.hpp"
#include "store/file_quarantine.hpp"

namespace rastel::store {
namespace {

constexpr std::chrono::hours orphan_age{1};

}  // namespace

Result<> FileQuarantine::forget_bytes(const EntryKey& entry) {
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  {
    RASTEL_TRY(Statement bytes, database_->prepare("UPDATE entry SET stored = 0 WHERE number = ?1"));
    RASTEL_CHECK(bytes.number(1, entry.number).run());
    RASTEL_TRY(Statement states, database_->prepare("UPDATE recipient SET state = 3, changed = ?2"
                                                    " WHERE entry = ?1 AND state IN (0, 1)"));
    RASTEL_CHECK(states.number(1, entry.number).number(2, to_milliseconds(Clock::now())).run());
  }
  bytes_.reset();
  return transaction.commit();
}

Result<bool> FileQuarantine::releasing(std::int64_t entry) {
  RASTEL_TRY(Statement row,
             database_->prepare("SELECT 1 FROM recipient WHERE entry = ?1 AND state = 1 LIMIT 1"));
  return row.number(1, entry).step();
}

Result<> FileQuarantine::remove(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const EntryKey entry, must_find(id));
  RASTEL_TRY(const bool in_work, releasing(entry.number));
  if (in_work)
    return fail(ErrorKind::busy, fmt::format("{} is being released; delete it when that has ended", id));
  if (!entry.stored) return {};
  RASTEL_CHECK(forget_bytes(entry));
  return files_.remove(id);
}

Result<std::vector<std::string>> FileQuarantine::purge_rows(Clock::time_point now, std::size_t& removed) {
  const std::int64_t before = to_milliseconds(now - keep_);
  std::vector<std::string> ids;
  const std::scoped_lock lock(mutex_);
  bytes_.reset();
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  {
    RASTEL_TRY(Statement old,
               database_->prepare("DELETE FROM entry WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM recipient"
                                  " WHERE entry = entry.number AND state = 1)"
                                  " RETURNING id, kind, stored"));
    old.number(1, before);
    for (;;) {
      RASTEL_TRY(const bool more, old.step());
      if (!more) break;
      if (old.number_at(1) == static_cast<std::int64_t>(EntryKind::held)) ++removed;
      if (old.number_at(2) != 0) ids.push_back(old.bytes_at(0));
    }
    RASTEL_TRY(Statement passes, database_->prepare("DELETE FROM pass WHERE expires <= ?1"));
    RASTEL_CHECK(passes.number(1, to_milliseconds(now)).run());
    // Written every time, so that this commit takes the place of what an earlier commit that failed half-way
    // may have left in the log: only then is "has no row" true for good, and orphans may go.
    RASTEL_TRY(Statement mark, database_->prepare("UPDATE purge SET count = count + 1"));
    RASTEL_CHECK(mark.run());
  }
  RASTEL_CHECK(transaction.commit());
  return ids;
}

Result<> FileQuarantine::purge_orphans(const std::filesystem::path& folder, Clock::time_point older_than) {
  RASTEL_TRY(const auto candidates, files_.files_of(folder, older_than));
  for (const MessageFiles::Found& file : candidates) {
    // One at a time under the lock: hold() of the same id must not come between looking and removing.
    const std::scoped_lock lock(mutex_);
    if (in_work_.contains(file.id)) continue;
    if (!file.temporary) {
      RASTEL_TRY(const auto entry, find_entry(*database_, EntryKind::held, file.id));
      if (entry && entry->stored) continue;
    }
    RASTEL_CHECK(files_.remove(file));
  }
  return {};
}

Result<std::size_t> FileQuarantine::purge(Clock::time_point now) {
  std::size_t removed = 0;
  RASTEL_TRY(const auto ids, purge_rows(now, removed));
  Result<> trouble;
  const auto note = [&](Result<> result) {
    if (!result && trouble) trouble = std::move(result);
  };
  for (const std::string& id : ids) note(files_.remove(id));
  RASTEL_TRY(const auto folders, files_.folders());
  for (const std::filesystem::path& folder : folders) note(purge_orphans(folder, now - orphan_age));
  RASTEL_CHECK(trouble);
  return removed;
}

Result<Quarantine::Usage> FileQuarantine::usage() {
  const std::scoped_lock lock(mutex_);
  Usage usage;
  RASTEL_TRY(usage.bytes, stored_bytes());
  RASTEL_TRY(Statement count,
             database_->prepare("SELECT count(DISTINCT entry) FROM recipient WHERE state IN (0, 1)"));
  RASTEL_CHECK(count.step());
  usage.messages = static_cast<std::uint64_t>(count.number_at(0));
  return usage;
}

}  // namespace rastel::store
