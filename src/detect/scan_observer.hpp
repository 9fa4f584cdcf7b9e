// SPDX-License-Identifier: GPL-2.0-only
// Listens to libclamav during one scan and turns what it lets slip into findings and reasons of `unscanned`.
// Its return code alone proves nothing: names, messages, layers and archive listings together do. Used by
// Engine only. One observer at a time in a process (libclamav's message callback has no reliable context).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <clamav.h>

#include "base/deadline.hpp"
#include "detect/layer_memory.hpp"
#include "detect/options.hpp"
#include "detect/write_watch.hpp"
#include "detect/yara_rules.hpp"
#include "verdict/report.hpp"

namespace rastel::detect {

// [A-Za-z0-9._-]{1,256}; every other character becomes '-'. "unnamed" when nothing is left.
[[nodiscard]] std::string clean_name(std::string_view name);

struct ObserverLimits {
  std::uint64_t layer_size = 0;  // a layer or member of this size may have been cut
  std::size_t findings = 0;
  bool rar_supported = false;
};

class ScanObserver {
 public:
  // `known`: layers of earlier messages; may be null.
  // `until`: rules and parts that are looked at by themselves end then as unscanned(timeout).
  ScanObserver(const HeuristicOptions& heuristics, const ObserverLimits& limits, const KnownLayers* known,
               Deadline until);
  ~ScanObserver();
  ScanObserver(const ScanObserver&) = delete;
  ScanObserver& operator=(const ScanObserver&) = delete;

  // Rules that are looked for in every layer beside libclamav's signatures.
  void set_rules(YaraRules* rules) { rules_ = rules; }

  static void attach(cl_engine* engine);  // sets the callbacks, once
  // Process-wide, before the first engine is loaded. Messages outside of a scan are kept: last_message().
  static void attach_messages();
  [[nodiscard]] static std::string take_last_message();

  // Around each pass over the message, or over a part of it that is scanned alone; `code` is what libclamav
  // returned.
  void begin_pass(LayerMemory::Outermost outermost = LayerMemory::Outermost::message);
  void end_pass(cl_error_t code);
  [[nodiscard]] bool saw_mail() const {
    return saw_mail_;
  }  // the pass's outermost layer was taken for a mail

  void add_unscanned(UnscannedReason reason, std::string_view name);
  // What our reader has seen; by the name that libclamav gave to something encrypted, if it did.
  void add_encrypted(std::string_view name, const Digest& part);
  [[nodiscard]] Report& report() { return report_; }
  [[nodiscard]] Deadline until() const { return until_; }
  [[nodiscard]] bool found_signature() const { return signature_found_; }
  [[nodiscard]] const LayerMemory& layers() const { return memory_; }
  // To be called before the first pass: copies of parts may take so many bytes, so that digest_of() tells
  // their digests sooner.
  void keep_copies(std::size_t room) { memory_.digests().set_room(room); }
  void drop_copies() { memory_.digests().clear(); }
  [[nodiscard]] Digest digest_of(std::string_view bytes) { return memory_.digests().digest_of(bytes); }
  // What was found in a layer of these bytes, or in one within it.
  [[nodiscard]] std::vector<std::string> findings_in(const Digest& digest, std::string_view bytes) const;
  // After the last pass: a clean and complete report vouches for the layers that it saw.
  void vouch();

 private:
  static cl_error_t on_layer(int descriptor, const char* type, const char** ancestors,
                             std::size_t parent_size, const char* name, std::size_t size, const char* bytes,
                             std::uint32_t level, std::uint32_t attributes, void* context);
  static cl_error_t on_member(const char* container, unsigned long container_size, const char* name,
                              unsigned long real_size, int is_encrypted, unsigned int position,
                              void* context);
  static cl_error_t on_layer_end(int descriptor, int result, const char* name, void* context);
  static void on_found(int descriptor, const char* name, void* context);
  static void on_message(cl_msg severity, const char* full_text, const char* text, void* context);

  cl_error_t layer(const Layer& layer);
  void look_for_rules(std::string_view bytes, std::size_t size);
  void found(std::string_view name);
  void message(cl_msg severity, std::string_view text);
  void heuristic(std::string_view name);
  void add(FindingKind kind, std::string_view name);
  [[nodiscard]] bool scratch_was_full() const { return failed_writes().no_space != writes_before_.no_space; }

  const HeuristicOptions heuristics_;
  const ObserverLimits limits_;
  const Deadline until_;
  const FailedWrites writes_before_ = failed_writes();
  Report report_;
  LayerMemory memory_;
  std::vector<std::pair<Digest, std::string>> found_in_;  // LayerMemory::open()'s, when something was found
  bool signature_found_ = false;
  bool saw_mail_ = false;
  YaraRules* rules_ = nullptr;
  bool error_noted_ = false;
  std::uint64_t layers_of_pass_ = 0;
  std::uint64_t largest_layer_ = 0;  // bytes
};

}  // namespace rastel::detect
