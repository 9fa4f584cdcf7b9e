// SPDX-License-Identifier: GPL-2.0-only
// Holding, reading, discarding. Releasing: quarantine_release.cpp; removing: quarantine_purge.cpp.
#include "store/quarantine.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/identifier.hpp"
#include "store/file_quarantine.hpp"

namespace rastel::store {

Result<std::unique_ptr<Quarantine>> Quarantine::open(const StoreOptions& options, DurableFiles& files) {
  auto quarantine = std::make_unique<FileQuarantine>(options, files);
  RASTEL_CHECK(quarantine->start());
  return quarantine;
}

FileQuarantine::FileQuarantine(const StoreOptions& options, DurableFiles& files)
    : folder_(std::filesystem::path(options.directory) / "quarantine"),
      keep_(options.keep),
      max_size_(options.max_size.value),
      durable_(files),
      files_(folder_, files) {}

Result<> FileQuarantine::start() {
  RASTEL_CHECK(files_.prepare());
  RASTEL_TRY(database_, Database::open(folder_ / "index.sqlite", durable_, quarantine_migrations()));
  // Rows of a predecessor that was killed between writing and fsyncing them can be seen, but aren't durable
  // yet; and hold() answers "held already" by what it sees.
  RASTEL_CHECK(database_->checkpoint());
  RASTEL_CHECK(durable_.sync_folder(folder_));
  // Releases in work are about to be taken up again: their passes get their hour anew, or what is re-injected
  // now would be held once more.
  RASTEL_TRY(Statement renew,
             database_->prepare("UPDATE pass SET expires = max(expires, ?1) WHERE EXISTS (SELECT 1"
                                " FROM recipient r WHERE r.entry = pass.entry AND r.state = 1)"));
  RASTEL_CHECK(renew.number(1, to_milliseconds(Clock::now() + std::chrono::hours(1))).run());
  RASTEL_TRY(Statement any, database_->prepare("SELECT EXISTS (SELECT 1 FROM pass)"));
  RASTEL_CHECK(any.step());
  may_have_passes_ = any.number_at(0) != 0;
  return {};
}

Result<std::optional<EntryKey>> FileQuarantine::intact_entry_of(const Message& message,
                                                                const HoldRequest& request,
                                                                const Recipient& recipient) {
  for (;;) {
    RASTEL_TRY(auto found,
               find_same(*database_, message.digest(), request.envelope.reverse_path, {recipient}));
    if (!found || files_.intact(found->id, found->size)) return found;
    RASTEL_CHECK(forget_bytes(*found));  // somebody took the file away: "held already" would be a lie
  }
}

// The second call for one message with other recipients: they join the entry, if it is of the same bytes.
Result<std::optional<EntryKey>> FileQuarantine::plan_by_id(const Message& message,
                                                           const HoldRequest& request) {
  RASTEL_TRY(auto found, find_entry(*database_, EntryKind::held, request.id));
  if (!found) return std::nullopt;
  RASTEL_TRY(const HeldMessage held, read_entry(*database_, found->number));
  if (held.digest != message.digest() || held.envelope.reverse_path != request.envelope.reverse_path ||
      !found->stored || !files_.intact(found->id, found->size))
    return fail(ErrorKind::ours,
                fmt::format("the id {} is taken by another message in the quarantine", request.id));
  return found;
}

Result<FileQuarantine::Plan> FileQuarantine::plan(const Message& message, const HoldRequest& request) {
  Plan plan;
  for (const Recipient& recipient : wanted_recipients(request)) {
    RASTEL_TRY(const auto entry, intact_entry_of(message, request, recipient));
    if (!entry) {
      plan.missing.push_back(recipient);
      continue;
    }
    if (!plan.entry) plan.entry = entry;
    plan.held_again.emplace_back(entry->number, recipient.address);
  }
  if (!plan.entry) {
    RASTEL_TRY(plan.entry, plan_by_id(message, request));
  }
  return plan;
}

// A held recipient whose release is under way came back to us: the release's copy was stopped again (its pass
// was used up or too old), or the sender tried again. Taken back to `held`, for finish_release() may follow
// and would otherwise call delivered what lies here.
Result<> FileQuarantine::join(const Plan& plan) {
  const Clock::time_point now = Clock::now();
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  std::int64_t changes = 0;
  for (const auto& [entry, address] : plan.held_again) {
    RASTEL_CHECK(set_state(*database_, entry, address, HeldState::releasing, HeldState::held, now));
    if (database_->changes() == 0) continue;
    RASTEL_CHECK(drop_pass(entry, address));
    ++changes;
  }
  for (const Recipient& recipient : plan.missing) {
    RASTEL_CHECK(insert_recipient(*database_, plan.entry->number, recipient,
                                  static_cast<std::int64_t>(HeldState::held), now));
    ++changes;
  }
  if (changes == 0) return {};  // rolls nothing back
  return transaction.commit();
}

Result<> FileQuarantine::insert(const Message& message, const HoldRequest& request, const Plan& plan) {
  const Clock::time_point now = Clock::now();
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  RASTEL_TRY(const std::int64_t entry, insert_entry(*database_, EntryKind::held, message, request, now));
  for (const Recipient& recipient : plan.missing) {
    RASTEL_CHECK(
        insert_recipient(*database_, entry, recipient, static_cast<std::int64_t>(HeldState::held), now));
  }
  return transaction.commit();
}

Result<std::uint64_t> FileQuarantine::stored_bytes() {
  if (!bytes_) {
    RASTEL_TRY(Statement sum,
               database_->prepare("SELECT coalesce(sum(size), 0) FROM entry WHERE stored = 1"));
    RASTEL_CHECK(sum.step());
    bytes_ = static_cast<std::uint64_t>(sum.number_at(0));
  }
  return *bytes_;
}

Result<> FileQuarantine::reserve(const std::string& id, std::uint64_t size) {
  RASTEL_TRY(const std::uint64_t stored, stored_bytes());
  const std::uint64_t used = stored + reserved_;
  if (used > max_size_ || size > max_size_ - used)
    return fail(ErrorKind::no_space,
                fmt::format("the quarantine {} is full ({} of {} bytes): raise [store] max_size, "
                            "shorten keep, or delete from it",
                            folder_.native(), used, max_size_));
  if (!in_work_.insert(id).second) return fail(ErrorKind::busy, fmt::format("{} is being held just now", id));
  reserved_ += size;
  return {};
}

Result<std::string> FileQuarantine::hold(const Message& message, const HoldRequest& request) {
  RASTEL_CHECK(check_request(request));
  {
    const std::scoped_lock lock(mutex_);
    RASTEL_TRY(const Plan before, plan(message, request));
    if (before.entry) {
      RASTEL_CHECK(join(before));
      return before.entry->id;
    }
    RASTEL_CHECK(reserve(request.id, message.size()));
  }
  const auto written = files_.write(request.id, message);  // not under the lock: several messages at a time

  const std::scoped_lock lock(mutex_);
  reserved_ -= message.size();
  in_work_.erase(request.id);
  RASTEL_CHECK(written);
  RASTEL_TRY(const Plan after,
             plan(message, request));  // another thread may have held the same bytes meanwhile
  if (after.entry) {
    if (after.entry->id != request.id) (void)files_.remove(request.id);  // stays as an orphan if it fails
    RASTEL_CHECK(join(after));
    return after.entry->id;
  }
  // The file stays even if this fails: after a failed commit nobody knows whether its row turns up after a
  // crash.
  if (const auto inserted = insert(message, request, after); !inserted) {
    bytes_.reset();
    return std::unexpected(inserted.error());
  }
  if (bytes_) *bytes_ += message.size();
  return request.id;
}

Result<> FileQuarantine::record_discard(const Message& message, const HoldRequest& request) {
  RASTEL_CHECK(check_request(request));
  const Clock::time_point now = Clock::now();
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  RASTEL_TRY(const auto found, find_entry(*database_, EntryKind::discarded, request.id));
  std::int64_t entry = found ? found->number : 0;
  if (!found) {
    RASTEL_TRY(entry, insert_entry(*database_, EntryKind::discarded, message, request, now));
  }
  for (const Recipient& recipient : wanted_recipients(request))
    RASTEL_CHECK(insert_recipient(*database_, entry, recipient, state_discarded, now));
  return transaction.commit();
}

Result<EntryKey> FileQuarantine::must_find(const std::string& id) {
  if (!is_message_id(id))
    return fail(ErrorKind::not_found, "an id has 16 digits and letters a to f; this is none");
  RASTEL_TRY(const auto found, find_entry(*database_, EntryKind::held, id));
  if (!found) return fail(ErrorKind::not_found, fmt::format("no message {} is in the quarantine", id));
  return *found;
}

Result<std::vector<HeldMessage>> FileQuarantine::list(const ListFilter& filter) {
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const auto numbers, list_entries(*database_, filter));
  std::vector<HeldMessage> messages;
  messages.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    RASTEL_TRY(HeldMessage held, read_entry(*database_, number));
    messages.push_back(std::move(held));
  }
  return messages;
}

Result<HeldMessage> FileQuarantine::show(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const EntryKey entry, must_find(id));
  return read_entry(*database_, entry.number);
}

Result<FileDescriptor> FileQuarantine::raw(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  RASTEL_TRY(const EntryKey entry, must_find(id));
  if (!entry.stored) return fail(ErrorKind::not_found, fmt::format("the bytes of {} have been deleted", id));
  return files_.open(id, entry.size);
}

}  // namespace rastel::store
