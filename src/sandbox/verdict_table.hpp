// SPDX-License-Identifier: GPL-2.0-only
// What was found clean, as a table in memory that the daemon writes and the workers of one engine read. So a
// worker that meets a layer knows in less than a microsecond whether it was clean before, and asks nobody.
// One table an engine: other signatures, other options, another table.
//
// Keys are digests (detect/layer_memory.hpp); nothing else is kept but the minute. An entry counts for
// `longest` at most, however often it is asked for. Buckets of eight: where one is full, its oldest entry
// goes; which bucket a key falls into depends on a secret, so that nobody can aim at one. Bounded by its
// size; memory is taken only as entries come.
//
// The writer belongs to one thread. Readers, in other processes, never wait: each entry has a sequence number
// that is odd while it is written, and who sees it change takes the entry for unknown. Everything in the
// table is the daemon's word; a worker can't write it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/os/shared_memory.hpp"
#include "base/sha256.hpp"
#include "detect/layer_memory.hpp"

namespace rastel::sandbox {

class VerdictTable {
 public:
  static constexpr std::chrono::minutes longest{24 * 60};
  using Clock = std::chrono::steady_clock;

  // `bytes`: rounded down to whole buckets, at least one.
  [[nodiscard]] static Result<std::unique_ptr<VerdictTable>> create(std::uint64_t bytes);

  void remember(const Digest& key, Clock::time_point now);
  void forget(const Digest& key);
  [[nodiscard]] bool knows(const Digest& key, Clock::time_point now) const;
  [[nodiscard]] std::uint64_t entries() const { return entries_; }  // that were written and not forgotten
  [[nodiscard]] int descriptor() const { return memory_.read_only.get(); }

 private:
  explicit VerdictTable(os::SharedMemory memory) : memory_(std::move(memory)) {}
  os::SharedMemory memory_;
  std::uint64_t entries_ = 0;
};

// The workers' side.
class VerdictTableView final : public detect::KnownLayers {
 public:
  [[nodiscard]] static Result<std::unique_ptr<VerdictTableView>> open(const FileDescriptor& descriptor);
  [[nodiscard]] bool knows(const Digest& key) const override;

 private:
  explicit VerdictTableView(os::Mapping mapping) : mapping_(std::move(mapping)) {}
  os::Mapping mapping_;
};

}  // namespace rastel::sandbox
