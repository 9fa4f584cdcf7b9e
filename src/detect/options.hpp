// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/units.hpp"

namespace rastel {

enum class ReloadMode { beside, wait };

struct SignatureOptions {
  std::string directory = "/var/lib/clamav";  // ClamAV databases
  std::vector<std::string> yara;              // files and folders of YARA rules
  ReloadMode reload = ReloadMode::beside;
  Duration settle{std::chrono::seconds(30)};  // between the last change and loading
  Duration load_deadline{std::chrono::minutes(10)};
  bool builtin = true;  // EICAR and our own test marker, so that an empty machine detects something
};

enum class HeuristicUse { off, tag, suspicious };

// tag: a finding that is noted (class stays clean, the finding is in log and report); suspicious: class
// suspicious.
struct HeuristicOptions {
  HeuristicUse macros = HeuristicUse::tag;
  HeuristicUse broken = HeuristicUse::off;
  HeuristicUse phishing = HeuristicUse::off;
};

enum class Confinement { automatic, required, best };  // automatic: required as root, best otherwise

struct EngineOptions {
  std::uint32_t workers = 0;  // 0: one a core
  Duration deadline{std::chrono::seconds(300)};
  ByteCount scratch{256ULL << 20};  // a worker's temporary space, in memory
  ByteCount memory{2ULL << 30};     // a worker's address space beyond the loaded engine
  ByteCount max_message{100ULL << 20};
  std::uint32_t max_parts = 10000;       // files that one message may unpack to
  std::uint32_t max_depth = 32;          // archives in archives
  std::uint32_t retire_after = 200;      // messages, then a worker is replaced
  ByteCount verdict_cache{32ULL << 20};  // of what was found clean before; 0: nothing is remembered
  HeuristicOptions heuristics;
  Confinement confinement = Confinement::automatic;
};

template <>
struct Names<HeuristicUse> {
  static constexpr std::array names{std::pair{std::string_view("off"), HeuristicUse::off},
                                    std::pair{std::string_view("tag"), HeuristicUse::tag},
                                    std::pair{std::string_view("suspicious"), HeuristicUse::suspicious}};
};
template <>
struct Names<ReloadMode> {
  static constexpr std::array names{std::pair{std::string_view("beside"), ReloadMode::beside},
                                    std::pair{std::string_view("wait"), ReloadMode::wait}};
};
template <>
struct Names<Confinement> {
  static constexpr std::array names{std::pair{std::string_view("auto"), Confinement::automatic},
                                    std::pair{std::string_view("required"), Confinement::required},
                                    std::pair{std::string_view("best"), Confinement::best}};
};
template <>
struct Rows<SignatureOptions> {
  static constexpr std::tuple rows{
      Option{"directory", &SignatureOptions::directory,
             "Folder of ClamAV databases, as freshclam keeps it. Watched."},
      Option{"yara", &SignatureOptions::yara, "Files and folders of YARA rules (*.yar, *.yara). Watched."},
      Option{"reload", &SignatureOptions::reload,
             "beside: new signatures are loaded beside the old; "
             "wait: not while memory for two sets is missing."},
      Option{"settle", &SignatureOptions::settle, Duration(100), Duration(3600'000),
             "How long nothing may have changed before new signatures are loaded."},
      Option{"load_deadline", &SignatureOptions::load_deadline, Duration(1000), Duration(7200'000),
             "Signatures that take longer to load are refused."},
      Option{"builtin", &SignatureOptions::builtin,
             "Also load the built-in test signatures (EICAR and Rastel's own marker)."}};
};
template <>
struct Rows<HeuristicOptions> {
  static constexpr std::tuple rows{
      Option{"macros", &HeuristicOptions::macros, "Office macros: off, noted (tag), or class suspicious."},
      Option{"broken", &HeuristicOptions::broken, "Broken executables and pictures."},
      Option{"phishing", &HeuristicOptions::phishing, "Links that show one address and lead to another."}};
};
template <>
struct Rows<EngineOptions> {
  static constexpr std::tuple rows{
      Option{"workers", &EngineOptions::workers, 0U, 256U, "Confined scanners at a time; 0: one a core."},
      Option{"deadline", &EngineOptions::deadline, Duration(1000), Duration(3600'000),
             "After this a scanner is killed; doors answer earlier (reply_deadline)."},
      Option{"scratch", &EngineOptions::scratch, ByteCount{1ULL << 20}, ByteCount{64ULL << 30},
             "A scanner's temporary space, in memory, taken only when used."},
      Option{"memory", &EngineOptions::memory, ByteCount{128ULL << 20}, ByteCount{256ULL << 30},
             "What a scanner may use beyond the loaded signatures."},
      Option{"max_message", &EngineOptions::max_message, ByteCount{64ULL << 10}, ByteCount{2ULL << 30},
             "Larger messages are refused with 552."},
      Option{"max_parts", &EngineOptions::max_parts, 1U, 10'000'000U,
             "How many files one message may unpack to."},
      Option{"max_depth", &EngineOptions::max_depth, 1U, 100U, "How deep archives may be nested."},
      Option{"retire_after", &EngineOptions::retire_after, 1U, 1'000'000U,
             "Messages after which a scanner is replaced by a fresh one; any finding replaces it at once."},
      Option{"verdict_cache", &EngineOptions::verdict_cache, ByteCount{0}, ByteCount{16ULL << 30},
             "Memory for messages and parts of them that were clean before, so that they aren't scanned "
             "again; 0: none."},
      Option{"heuristics", &EngineOptions::heuristics, "What the engine guesses at: off, tag or suspicious."},
      Option{"confinement", &EngineOptions::confinement,
             "What to do when the kernel lacks a protection: required (don't start), best (go on and say "
             "so), auto "
             "(required when started as root)."}};
};

}  // namespace rastel
