// SPDX-License-Identifier: GPL-2.0-only
// Report: all that a worker says about a message. No opinion: policy/ turns it into classes and actions.
// Bounds (enforced where a report enters the daemon, sandbox/wire): 4 MiB in all, names of findings
// [A-Za-z0-9._-]{1,256}, all other texts fit to be shown (base/utf8.hpp).
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_range.hpp"
#include "base/sha256.hpp"
#include "verdict/ambiguity.hpp"
#include "verdict/edit_places.hpp"

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
  encrypted,  // what needs a password or somebody's key (archive, document, S/MIME, PGP): class encrypted
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

// A leaf of the message, by whichever reading it was found; each distinct sequence of bytes once.
struct Part {
  enum class Looked : std::uint8_t {
    in_message,  // the engine met the very bytes when it took the message apart (texts: but for white space)
    alone,       // it didn't, and scanned them by themselves
    remembered,  // they were clean before
    not_needed,  // too short to be anything, or the message was infected already
  };
  std::string path;     // "1.2" as IMAP counts (RFC 9051 6.4.5); behind a `?` what other readings count
  std::string reading;  // empty: the default; else what was read otherwise: "prefix base64"
  std::string type;     // declared, in lower case: "text/plain"
  std::vector<std::string> true_types = {};  // by its content, the main one first; empty: unknown
  std::vector<std::string> names = {};       // that it may be saved under
  std::vector<std::string> members = {};     // names of what is packed in it
  std::vector<std::string> findings = {};    // names of those that were found in it
  std::uint64_t size = 0;                    // decoded
  Digest sha256 = {};                        // likewise
  // Where in the message the part stands, or what it was decoded from: with its header, and without.
  ByteRange entity = {}, body = {};
  Looked looked = Looked::in_message;
  bool operator==(const Part&) const = default;
};

struct Report {
  std::vector<Finding> findings;
  std::vector<Part> parts;
  std::vector<Oddity> flags;                 // how programs may understand the message differently
  std::bitset<unscanned_reasons> unscanned;  // by UnscannedReason
  std::string engine_version;                // "ClamAV 1.4.6"
  std::string signature_version;          // what the signature set calls itself ("27123"), or a digest of it
  std::uint64_t layers = 0;               // how many layers the engine looked at
  std::uint64_t layers_known = 0;         // of these, skipped as scanned before
  std::optional<EditPlaces> places = {};  // where the message may be edited; only when that was asked for
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
[[nodiscard]] std::string_view to_string(Part::Looked looked);  // "layer", "scanned", "remembered", "no"

}  // namespace rastel
