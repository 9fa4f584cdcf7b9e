// SPDX-License-Identifier: GPL-2.0-only
// The quarantine: SQLite (WAL, synchronous=FULL) beside one file a message. Every function blocks on the
// disk: call it from a pool thread. Thread-safe (one mutex). What a function has answered with success
// survives the loss of power at the next instant: file, folder and row are fsynced. One program at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/message.hpp"
#include "store/durable.hpp"
#include "store/options.hpp"
#include "verdict/disposition.hpp"
#include "verdict/envelope.hpp"
#include "verdict/report.hpp"

namespace rastel::store {

using Clock = std::chrono::system_clock;

// discarded: by policy, a row without bytes; nothing can be released of it.
enum class HeldState { held, releasing, released, deleted, discarded };

struct HeldRecipient {
  Recipient recipient;
  HeldState state = HeldState::held;
};

struct HeldMessage {
  std::string id;
  Clock::time_point when;
  std::uint64_t size = 0;
  Digest digest;      // of the stored bytes
  Envelope envelope;  // recipients: those of this entry
  std::vector<HeldRecipient> recipients;
  MessageClass message_class = MessageClass::clean;
  std::optional<UnscannedReason> reason;
  std::vector<Finding> findings;
  std::string message_id, subject;  // as the header scanner read them; for listings; hostile text
};

struct HoldRequest {
  std::string id;                       // the message's id; a new entry gets it
  Envelope envelope;                    // with all recipients
  std::vector<std::size_t> recipients;  // those to be held, indexes into envelope.recipients
  Report report;
  MessageClass message_class = MessageClass::clean;
  std::optional<UnscannedReason> reason;
  std::string message_id, subject;
};

struct ListFilter {
  std::optional<std::string> recipient = std::nullopt;  // substring, ASCII case-insensitive
  std::optional<std::string> sender = std::nullopt;     // likewise
  std::optional<Clock::time_point> since = std::nullopt;
  bool only_held = true;  // false: what was released, deleted and discarded too
  std::size_t limit = 1000;
};

// A release in work: what is still to be handed to the release hop. Survives a crash (pending_releases()).
struct Release {
  std::string id;
  std::string reverse_path, reverse_path_parameters;
  std::vector<Recipient> recipients;  // state `releasing`
};

class Quarantine {
 public:
  // Opens or creates `options.directory`/quarantine. `files`: the seam of all durable writes
  // (store/durable.hpp). Pass-once rows of releases in work get an hour from now: pending_releases() follows.
  static Result<std::unique_ptr<Quarantine>> open(const StoreOptions& options, DurableFiles& files);
  virtual ~Quarantine() = default;

  // Durable on return. Idempotent: a recipient for whom the same bytes (digest, reverse-path) are held
  // already is not held twice; the answer is the id under which they lie. no_space when max_size would be
  // passed or the disk is full. hostile_message when an address or its parameters are over 4096 bytes or hold
  // a line break (nothing shorter would be the same address); other texts are cut to 1024 bytes. A recipient
  // who is `releasing` goes back to `held`: what is released has come back to us, and a finish_release() that
  // follows must not call it delivered.
  [[nodiscard]] virtual Result<std::string> hold(const Message& message, const HoldRequest& request) = 0;

  // A message that policy discards: a durable row (id, digest, envelope, class), no bytes.
  [[nodiscard]] virtual Result<> record_discard(const Message& message, const HoldRequest& request) = 0;

  [[nodiscard]] virtual Result<std::vector<HeldMessage>> list(const ListFilter& filter) = 0;
  [[nodiscard]] virtual Result<HeldMessage> show(const std::string& id) = 0;
  // The bytes as they came; read-only. not_found when they have been deleted.
  [[nodiscard]] virtual Result<FileDescriptor> raw(const std::string& id) = 0;

  // Recipients in state held (or those among them named in `only`) become `releasing`, and one pass-once row
  // each is written (`pass_digest`, recipient, an hour from `now`), all in one transaction. not_found when
  // none is left.
  [[nodiscard]] virtual Result<Release> begin_release(const std::string& id,
                                                      const std::vector<std::string>& only,
                                                      const Digest& pass_digest, Clock::time_point now) = 0;
  // The release hop has taken it (2xx) or refused it (`released` false: back to held, pass-once rows
  // removed).
  [[nodiscard]] virtual Result<> finish_release(const std::string& id,
                                                const std::vector<std::string>& recipients,
                                                bool released) = 0;
  [[nodiscard]] virtual Result<std::vector<Release>> pending_releases() = 0;

  // Whether every one of `recipients` has an unexpired pass-once row for this digest; uses nothing up.
  [[nodiscard]] virtual Result<bool> has_pass(const Digest& pass_digest,
                                              const std::vector<std::string>& recipients,
                                              Clock::time_point now) = 0;
  // True, and the rows are used up, if every one of `recipients` has an unexpired pass-once row for this
  // digest. To be called once the next hop has taken the message: used up before, a crash between would hold
  // a released message again. Addresses are compared without ASCII case: relays fold it. Waits for nothing
  // while no pass exists.
  [[nodiscard]] virtual Result<bool> consume_pass(const Digest& pass_digest,
                                                  const std::vector<std::string>& recipients,
                                                  Clock::time_point now) = 0;

  // Removes the bytes; the row stays with state deleted (what became of it can still be asked). busy while a
  // recipient is being released.
  [[nodiscard]] virtual Result<> remove(const std::string& id) = 0;
  // Removes entries older than keep, and orphaned files; the number of entries removed.
  [[nodiscard]] virtual Result<std::size_t> purge(Clock::time_point now) = 0;

  struct Usage {
    std::uint64_t messages = 0;  // with at least one recipient held
    std::uint64_t bytes = 0;     // of all stored messages, released ones too
  };
  [[nodiscard]] virtual Result<Usage> usage() = 0;
};

}  // namespace rastel::store
