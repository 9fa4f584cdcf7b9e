// SPDX-License-Identifier: GPL-2.0-only
// Engine: libclamav with its signatures loaded, and one whole scan of a raw message. Loaded once by the
// zygote, used by the workers forked from it; the only code that calls libclamav.
//
// "A clean return is unproven until checked": every known way in which libclamav answers CL_CLEAN about mail
// that it didn't look at ends here as Report::unscanned (see the rows in engine_test.cpp).
//
// Single-threaded: libclamav's message callback is global, so a process scans one message at a time.
// Limits: Report has at most `maximum_findings` findings, names are [A-Za-z0-9._-]{1,256}.
// Doesn't: watch a deadline (libclamav notices its own too late; who calls kills the process), open RAR,
// judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "detect/options.hpp"
#include "verdict/report.hpp"

struct cl_fmap;
struct cl_scan_options;

namespace rastel::detect {

class KnownLayers;
class ScanObserver;

struct EngineInfo {
  std::string engine_version;     // "ClamAV 1.4.6"
  std::string signature_version;  // daily's version ("27123"), else 12 digits of signature_digest; "builtin"
  std::string signature_digest;   // SHA-256 (hex) of the names and contents of databases and rules
  std::uint64_t signature_count = 0;  // the built-in ones included
  std::uint64_t yara_rules = 0;
  std::int64_t signature_time = 0;  // Unix time of the newest database; 0: there is none
  bool builtin_only = false;        // no database but our built-in test signatures (YARA rules aside)
  bool one_matcher = false;         // all patterns in one of libclamav's two: a set that isn't large
};

class Engine {
 public:
  static constexpr std::size_t maximum_findings = 256;  // of one report; beyond that it is unscanned(limit)

  // Loads and compiles everything; needs a writable temporary folder (TMPDIR or /tmp) while it runs. All or
  // nothing: a database that libclamav refuses is invalid_input and named. A missing or empty folder is
  // invalid_input too, unless the built-in set is asked for: then builtin_only.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> load(const SignatureOptions& signatures,
                                                            const EngineOptions& options);
  ~Engine();  // frees all signatures (0.6 s at production scale); a worker ends by _exit instead
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const EngineInfo& info() const;

  // Does everything that is otherwise done lazily and needs to open files (character set modules, time zone,
  // locale, random source, first scan), so that the process can be confined to an empty root afterwards.
  // Needs a temporary folder.
  void prewarm();

  // Scans canaries: EICAR in a mail and in a zip in a mail must be found, a plain mail must be clean and
  // complete. With SignatureOptions::builtin off, our own marker takes EICAR's place (it is always loaded).
  [[nodiscard]] Result<> prove(const std::filesystem::path& scratch);
  // The same with a temporary folder of its own (not from a confined process), and the clean set: a signature
  // that condemns a harmless mail of an everyday kind is invalid_input and named.
  [[nodiscard]] Result<> prove();

  // Layers of earlier messages that need no second scan; null: none. Outlives the engine.
  void use_known_layers(const KnownLayers* known);

  // Scans `size` bytes of `descriptor` from its start (pread and mmap; the file must be sealed or ours alone:
  // truncating it under the scan would be a SIGBUS). `scratch`: a folder that is this process's own; emptied
  // after the scan. Never fails: trouble is told by Report::unscanned, beside everything that was found
  // before. First the message as it stands, then each part of it, by any reading (message/reader.hpp), that
  // libclamav did not meet.
  // Layers that use_known_layers() knows are skipped; a clean report names those that it scanned (vouched).
  enum class Looks : std::uint8_t {
    both,
    libclamav_alone,  // the bench measures what the second one costs
    both_if_message,  // what is no message is scanned as the file that it is, and not read as mail
  };
  [[nodiscard]] Report scan(int descriptor, std::uint64_t size, const std::filesystem::path& scratch,
                            Looks looks = Looks::both);

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  void scan_map(ScanObserver& observer, cl_fmap* map, cl_scan_options& options);
  void scan_behind_header(ScanObserver& observer, int descriptor, std::uint64_t size,
                          cl_scan_options& options);
  void scan_parts_of(ScanObserver& observer, int descriptor, std::uint64_t size, cl_scan_options& options);
  std::unique_ptr<State> state_;
};

}  // namespace rastel::detect
