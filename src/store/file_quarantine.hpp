// SPDX-License-Identifier: GPL-2.0-only
// The Quarantine as SQLite beside files: FOLDER/index.sqlite and FOLDER/ab/ID.eml. Only quarantine*.cpp
// include this. Order of things: a file is durable before its row; a row is gone before its file. So a row
// never lacks its bytes, and a file without a row is an orphan, removed by purge() when it is older than an
// hour.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "store/entry_rows.hpp"
#include "store/message_files.hpp"
#include "store/quarantine.hpp"

namespace rastel::store {

class FileQuarantine final : public Quarantine {
 public:
  FileQuarantine(const StoreOptions& options, DurableFiles& files);
  [[nodiscard]] Result<> start();

  [[nodiscard]] Result<std::string> hold(const Message& message, const HoldRequest& request) override;
  [[nodiscard]] Result<> record_discard(const Message& message, const HoldRequest& request) override;
  [[nodiscard]] Result<std::vector<HeldMessage>> list(const ListFilter& filter) override;
  [[nodiscard]] Result<HeldMessage> show(const std::string& id) override;
  [[nodiscard]] Result<FileDescriptor> raw(const std::string& id) override;
  [[nodiscard]] Result<Release> begin_release(const std::string& id, const std::vector<std::string>& only,
                                              const Digest& pass_digest, Clock::time_point now) override;
  [[nodiscard]] Result<> finish_release(const std::string& id, const std::vector<std::string>& recipients,
                                        bool released) override;
  [[nodiscard]] Result<std::vector<Release>> pending_releases() override;
  [[nodiscard]] Result<bool> has_pass(const Digest& pass_digest, const std::vector<std::string>& recipients,
                                      Clock::time_point now) override;
  [[nodiscard]] Result<bool> consume_pass(const Digest& pass_digest,
                                          const std::vector<std::string>& recipients,
                                          Clock::time_point now) override;
  [[nodiscard]] Result<> remove(const std::string& id) override;
  [[nodiscard]] Result<std::size_t> purge(Clock::time_point now) override;
  [[nodiscard]] Result<Usage> usage() override;

 private:
  // The rows' numbers; none when one is missing. Under the mutex.
  [[nodiscard]] Result<std::vector<std::int64_t>> find_passes(const Digest& pass_digest,
                                                              const std::vector<std::string>& recipients,
                                                              Clock::time_point now);
  // What of a request lies here already, and what doesn't.
  struct Plan {
    std::optional<EntryKey> entry;                                 // where the answer's id comes from
    std::vector<std::pair<std::int64_t, std::string>> held_again;  // being released: back to held
    std::vector<Recipient> missing;
  };

  // All of these: with mutex_ held.
  [[nodiscard]] Result<Plan> plan(const Message& message, const HoldRequest& request);
  [[nodiscard]] Result<std::optional<EntryKey>> plan_by_id(const Message& message,
                                                           const HoldRequest& request);
  [[nodiscard]] Result<std::optional<EntryKey>> intact_entry_of(const Message& message,
                                                                const HoldRequest& request,
                                                                const Recipient& recipient);
  [[nodiscard]] Result<> join(const Plan& plan);
  [[nodiscard]] Result<> insert(const Message& message, const HoldRequest& request, const Plan& plan);
  [[nodiscard]] Result<> reserve(const std::string& id, std::uint64_t size);
  [[nodiscard]] Result<> forget_bytes(const EntryKey& entry);
  [[nodiscard]] Result<EntryKey> must_find(const std::string& id);
  [[nodiscard]] Result<bool> releasing(std::int64_t entry);
  [[nodiscard]] Result<std::uint64_t> stored_bytes();
  [[nodiscard]] Result<std::vector<std::string>> purge_rows(Clock::time_point now, std::size_t& removed);
  [[nodiscard]] Result<> purge_orphans(const std::filesystem::path& folder, Clock::time_point older_than);
  [[nodiscard]] Result<Release> read_release(std::int64_t entry);
  [[nodiscard]] Result<> drop_pass(std::int64_t entry, std::string_view address);

  const std::filesystem::path folder_;
  const Duration keep_;
  const std::uint64_t max_size_;
  DurableFiles& durable_;

  // Synchronised by themselves.
  MessageFiles files_;
  std::atomic<bool> may_have_passes_ = false;  // false: nobody needs to wait for the database to learn "no"

  std::mutex mutex_;  // for all below
  std::unique_ptr<Database> database_;
  std::optional<std::uint64_t> bytes_;  // of all stored files; nothing: to be asked anew
  std::uint64_t reserved_ = 0;          // bytes of files being written
  std::set<std::string> in_work_;       // ids whose file is being written
};

}  // namespace rastel::store
