// SPDX-License-Identifier: GPL-2.0-only
// Who scans for `rastel scan`: the running daemon, or an engine of our own. Blocking.
#pragma once

#include <memory>
#include <string>

#include "app/scan_result.hpp"
#include "base/error.hpp"
#include "base/message.hpp"
#include "configuration/configuration.hpp"

namespace rastel::scan {

// For one thread's messages, one after the other.
class Scanner {
 public:
  virtual ~Scanner() = default;
  // An error is trouble of ours, not of the message; peer_closed: there is nobody any more who could scan.
  [[nodiscard]] virtual Result<ScanResult> scan(const MessagePointer& message) = 0;
};

class Scanners {
 public:
  virtual ~Scanners() = default;
  [[nodiscard]] virtual std::unique_ptr<Scanner> one() = 0;  // any thread
  [[nodiscard]] virtual std::string who() const = 0;         // "rasteld at …", "an engine of our own"
  [[nodiscard]] virtual std::string warning() const = 0;     // one sentence; empty: none
  [[nodiscard]] virtual std::uint32_t most_at_once() const = 0;
  // Ends an engine of our own in order. Nothing may be asked any more; the object isn't to be destroyed, as
  // what is left of its work refers to it.
  virtual void end() = 0;
};

// The daemon at this socket; null when nobody answers there or we may not ask, and why.
[[nodiscard]] std::unique_ptr<Scanners> daemon_at(const std::string& socket,
                                                  const Configuration& configuration, std::string& why_not);

// Loads the signatures of the configuration into an engine of our own, confined as the daemon's is; `workers`
// may scan at once. Must be called while the process has one thread. Takes as long as loading takes.
[[nodiscard]] Result<std::unique_ptr<Scanners>> own_engine(const Configuration& configuration,
                                                           std::uint32_t workers);

}  // namespace rastel::scan
