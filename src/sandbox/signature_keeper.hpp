// SPDX-License-Identifier: GPL-2.0-only
// Keeps the signatures in use those of the folder: watches it, waits until it has settled, and has the pool
// take what is new. Confined to its executor's thread; files are listed and digested on a thread of its own.
//
// The daemon does this, not the master (it reads next to nothing) and not the engine (it sees no file once it
// has loaded): the folder has to be readable for everybody in any case, because an engine is nobody outside
// of its user namespace. Only names, times and digests are looked at; what is in a database the engine reads.
//
// Touched files with the same content are no change. A set that was refused, or failed in use, is not tried
// again until its content changes or somebody asks for it. An emptied folder changes nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "base/os/memory.hpp"
#include "detect/options.hpp"
#include "sandbox/pool.hpp"

namespace rastel::sandbox {

struct KeeperStatus {
  enum class State { in_use, settling, waiting_for_memory, loading } state = State::in_use;
  std::string what;        // a sentence: what it waits for; empty when the folder's set is in use
  std::int64_t since = 0;  // Unix time
  bool watched = false;    // changes are told by the kernel; else looked for every few seconds
  std::string refused_digest, refused_why;  // of the last set that was; empty: what the folder has is in use
  std::int64_t refused_at = 0;
};

enum class ReloadWish { if_new, in_any_case };

// Bytes that a process could still take; nothing where that isn't known.
using AvailableMemory = std::function<std::optional<std::uint64_t>()>;

class SignatureKeeper {
 public:
  static std::unique_ptr<SignatureKeeper> create(
      boost::asio::any_io_executor executor, const SignatureOptions& options, WorkerPool& pool,
      AvailableMemory available = [] { return os::available_memory(); });
  virtual ~SignatureKeeper() = default;
  virtual void start() = 0;
  virtual void set_options(const SignatureOptions& options) = 0;
  // Now, without waiting for the folder to settle; what was done, a sentence.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::string>> reload(ReloadWish wish) = 0;
  [[nodiscard]] virtual KeeperStatus status() const = 0;
  [[nodiscard]] virtual boost::asio::awaitable<void> stop() = 0;
};

}  // namespace rastel::sandbox
