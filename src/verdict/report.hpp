// SPDX-License-Identifier: GPL-2.0-only
// Report: all that a worker says about a message. No opinion: policy/ turns it into classes and actions.
// Bounds (enforced where a report enters the daemon, sandbox/wire): 4 MiB in all, names
// [A-Za-z0-9._-]{1,256}.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"

namespace rastel {

// Why nobody can say that the message was looked at. Order is the order of precedence when several apply.
enum class UnscannedReason : std::uint8_t {
  engine,     // the scanner itself is broken or away (database missing, temp folder unusable, library error)
  timeout,    // killed at the deadline
  crash,      // the worker died in mid-scan, or its report broke the rules
  memory,     // it ran out of memory
  limit,      // a bound on size, depth, files or time was met: not everything was looked at
  format,     // a container that we can't open (RAR without an unpacker)
  truncated,  // we did not get the whole message
};
inline constexpr std::size_t unscanned_reasons = 7;

enum class FindingKind : std::uint8_t {
  signature,  // a ClamAV or YARA signature: class infected
  heuristic,  // a heuristic that the configuration calls suspicious: class suspicious
  encrypted,  // an archive or document that needs a password: class encrypted
  macros,     // Office macros: by [engine].heuristics.macros
  broken,     // a broken executable or media file: by [engine].heuristics.broken
  phishing,   // a phishing heuristic: by [engine].heuristics.phishing
  unscanned,  // says in `name` which limit or format, beside Report::unscanned
};

struct Finding {
  FindingKind kind;
  std::string name;  // "Eicar-Test-Signature"
  bool operator==(const Finding&) const = default;
};

struct Report {
  std::vector<Finding> findings;
  std::bitset<unscanned_reasons> unscanned;  // by UnscannedReason
  std::string engine_version;                // "ClamAV 1.4.6"
  std::string signature_version;   // what the signature set calls itself ("27123"), or a digest of it
  std::uint64_t layers = 0;        // how many layers the engine looked at
  std::uint64_t layers_known = 0;  // of these, skipped as scanned before
  // Keys of the layers that were scanned to their end; only in a clean and complete report. The worker's
  // word, taken out by the pool.
  std::vector<Digest> vouched;

  [[nodiscard]] bool complete() const { return unscanned.none(); }
  void set_unscanned(UnscannedReason reason) { unscanned.set(static_cast<std::size_t>(reason)); }
  [[nodiscard]] bool has(UnscannedReason reason) const {
    return unscanned.test(static_cast<std::size_t>(reason));
  }
};

[[nodiscard]] std::string_view to_string(UnscannedReason reason);  // "engine", "timeout", …
[[nodiscard]] std::string_view to_string(FindingKind kind);

}  // namespace rastel
