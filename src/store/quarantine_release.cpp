// SPDX-License-Identifier: GPL-2.0-only
// Releasing (PROTOCOLS A-41): recipients go held → releasing → released, each step one transaction; beside it
// the one-use pass rows by which the re-injected message is recognised when it comes through a door again.
#include <algorithm>
#include <chrono>
#include <iterator>

#include "store/file_quarantine.hpp"

namespace rastel::store {
namespace {

constexpr std::chrono::hours pass_lifetime{1};

std::string folded(std::string_view address) {
  std::string lower;
  lower.reserve(address.size());
  std::ranges::transform(address, std::back_inserter(lower), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
  });
  return lower;
}

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

bool named(const std::vector<std::string>& only, const std::string& address) {
  return only.empty() || std::ranges::find(only, address) != only.end();
}

Result<> add_pass(Database& database, std::int64_t entry, const Digest& digest, std::string_view address,
                  Clock::time_point now) {
  RASTEL_TRY(Statement row, database.prepare("INSERT INTO pass (digest, recipient, expires, entry)"
                                             " VALUES (?1, ?2, ?3, ?4)"));
  row.bytes(1, bytes_of(digest)).bytes(2, folded(address));
  return row.number(3, to_milliseconds(now + pass_lifetime)).number(4, entry).run();
}

}  // namespace

Result<> FileQuarantine::drop_pass(std::int64_t entry, std::string_view address) {
  RASTEL_TRY(Statement row, database_->prepare("DELETE FROM pass WHERE entry = ?1 AND recipient = ?2"));
  return row.number(1, entry).bytes(2, folded(address)).run();
}

Result<Release> FileQuarantine::begin_release(const std::string& id, const std::vector<std::string>& only,
                                              const Digest& pass_digest, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const EntryKey entry, must_find(id));
  RASTEL_TRY(const HeldMessage held, read_entry(*database_, entry.number));
  Release release{id, held.envelope.reverse_path, held.envelope.reverse_path_parameters, {}};
  for (const HeldRecipient& recipient : held.recipients)
    if (recipient.state == HeldState::held && named(only, recipient.recipient.address))
      release.recipients.push_back(recipient.recipient);
  if (release.recipients.empty())
    return fail(ErrorKind::not_found, "no recipient asked for is held under " + id + " (any more)");

  may_have_passes_ = true;
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  for (const Recipient& recipient : release.recipients) {
    RASTEL_CHECK(
        set_state(*database_, entry.number, recipient.address, HeldState::held, HeldState::releasing, now));
    RASTEL_CHECK(add_pass(*database_, entry.number, pass_digest, recipient.address, now));
  }
  RASTEL_CHECK(transaction.commit());
  return release;
}

Result<> FileQuarantine::finish_release(const std::string& id, const std::vector<std::string>& recipients,
                                        bool released) {
  const Clock::time_point now = Clock::now();
  const HeldState state = released ? HeldState::released : HeldState::held;
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const EntryKey entry, must_find(id));
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  for (const std::string& address : recipients) {
    RASTEL_CHECK(set_state(*database_, entry.number, address, HeldState::releasing, state, now));
    // A refused release leaves no pass behind, or the sender's own copy could use it.
    if (!released && database_->changes() != 0) RASTEL_CHECK(drop_pass(entry.number, address));
  }
  return transaction.commit();
}

Result<Release> FileQuarantine::read_release(std::int64_t entry) {
  RASTEL_TRY(const HeldMessage held, read_entry(*database_, entry));
  Release release{held.id, held.envelope.reverse_path, held.envelope.reverse_path_parameters, {}};
  for (const HeldRecipient& recipient : held.recipients)
    if (recipient.state == HeldState::releasing) release.recipients.push_back(recipient.recipient);
  return release;
}

Result<std::vector<Release>> FileQuarantine::pending_releases() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::int64_t> entries;
  {
    RASTEL_TRY(Statement row,
               database_->prepare("SELECT DISTINCT entry FROM recipient WHERE state = 1 ORDER BY entry"));
    for (;;) {
      RASTEL_TRY(const bool more, row.step());
      if (!more) break;
      entries.push_back(row.number_at(0));
    }
  }
  std::vector<Release> releases;
  for (const std::int64_t entry : entries) {
    RASTEL_TRY(Release release, read_release(entry));
    releases.push_back(std::move(release));
  }
  return releases;
}

Result<std::vector<std::int64_t>> FileQuarantine::find_passes(const Digest& pass_digest,
                                                              const std::vector<std::string>& recipients,
                                                              Clock::time_point now) {
  std::set<std::string> addresses;
  for (const std::string& address : recipients) addresses.insert(folded(address));
  std::vector<std::int64_t> rows;
  RASTEL_TRY(Statement row, database_->prepare("SELECT number FROM pass WHERE digest = ?1 AND recipient = ?2"
                                               " AND expires > ?3 ORDER BY expires LIMIT 1"));
  for (const std::string& address : addresses) {
    row.again();
    row.bytes(1, bytes_of(pass_digest)).bytes(2, address).number(3, to_milliseconds(now));
    RASTEL_TRY(const bool found, row.step());
    if (!found) return std::vector<std::int64_t>{};
    rows.push_back(row.number_at(0));
  }
  return rows;
}

Result<bool> FileQuarantine::has_pass(const Digest& pass_digest, const std::vector<std::string>& recipients,
                                      Clock::time_point now) {
  if (recipients.empty() || !may_have_passes_) return false;  // the common case: no lock, no disk
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const auto rows, find_passes(pass_digest, recipients, now));
  return !rows.empty();
}

Result<bool> FileQuarantine::consume_pass(const Digest& pass_digest,
                                          const std::vector<std::string>& recipients, Clock::time_point now) {
  if (recipients.empty() || !may_have_passes_) return false;
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const auto rows, find_passes(pass_digest, recipients, now));
  if (rows.empty()) return false;
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  {
    RASTEL_TRY(Statement remove, database_->prepare("DELETE FROM pass WHERE number = ?1"));
    for (const std::int64_t number : rows) {
      remove.again();
      RASTEL_CHECK(remove.number(1, number).run());
    }
  }
  RASTEL_CHECK(transaction.commit());
  return true;
}

}  // namespace rastel::store
