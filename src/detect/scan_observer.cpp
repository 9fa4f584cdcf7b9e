// SPDX-License-Identifier: GPL-2.0-only
#include "detect/scan_observer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "detect/builtin_signatures.hpp"
#include "detect/text_digest.hpp"

namespace rastel::detect {
namespace {

ScanObserver* current = nullptr;
std::string last_message;  // NOLINT: of the loading phase, single-threaded

constexpr std::size_t maximum_name = 256;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

// libclamav only warns when it can't write a part to its temporary folder, skips the part, and says clean.
bool tells_of_something_skipped(std::string_view warning) {
  static constexpr std::array<std::string_view, 7> phrases{"Can't write",  "can't write", "Can't create",
                                                           "can't create", "Can't open",  "can't open",
                                                           "No space left"};
  return std::ranges::any_of(phrases,
                             [&](auto phrase) { return warning.find(phrase) != std::string_view::npos; });
}

// A self-extracting RAR is an executable with the archive behind it; without an unpacker libclamav passes it
// over without any call of ours. Only looked for where code may stand, so that a text about RAR isn't one.
bool holds_rar(std::string_view type, std::string_view bytes) {
  static constexpr std::string_view magic = "Rar!\x1a\x07";
  if (type == "CL_TYPE_RAR" || type == "CL_TYPE_RARSFX") return true;
  if (type != "CL_TYPE_MSEXE" && type != "CL_TYPE_ELF" && type != "CL_TYPE_BINARY_DATA") return false;
  return bytes.find(magic) != std::string_view::npos;
}

// libclamav passes over a zip member whose compression it doesn't know (LZMA, zstd, xz, PPMd …), although
// other programs unpack it. APPNOTE.TXT 4.3.7 and 4.3.12: the method stands 8 bytes into a local header, 10
// into an entry of the directory, behind two bytes of flags, of which the lowest says encrypted (that is told
// by itself). Headers are looked for everywhere, as a directory may leave some out. By chance compressed data
// has the marks of one in every 2 GiB: so only methods count that APPNOTE.TXT 4.4.5 knows, as somebody must
// be able to unpack the member.
bool holds_unreadable_zip_member(std::string_view type, std::string_view bytes) {
  // Those of 4.4.5 that libclamav doesn't have; it has stored, imploded, deflated, deflate64, bzip2.
  static constexpr std::array unreadable{1,  2,  3,  4,  5,  7,  10, 14, 16, 18,
                                         19, 20, 93, 94, 95, 96, 97, 98, 99};
  if (!type.starts_with("CL_TYPE_ZIP") && !type.starts_with("CL_TYPE_OOXML")) return false;
  const auto number = [&](std::size_t at) {
    return static_cast<unsigned char>(bytes[at]) | static_cast<unsigned char>(bytes[at + 1]) << 8;
  };
  for (std::size_t at = bytes.find("PK"); at != std::string_view::npos; at = bytes.find("PK", at + 2)) {
    if (bytes.size() - at < 12) break;
    const bool local = bytes[at + 2] == 3 && bytes[at + 3] == 4;
    if (!local && !(bytes[at + 2] == 1 && bytes[at + 3] == 2)) continue;
    const std::size_t method = at + (local ? 8 : 10);
    const bool encrypted = (number(method - 2) & 1) != 0;
    if (!encrypted && std::ranges::find(unreadable, number(method)) != unreadable.end()) return true;
  }
  return false;
}

// The check of an image's structure (only with heuristics.broken) logs errors about the image, not about
// libclamav; it comes with a finding of its own, and signatures are looked for apart from it.
bool is_about_the_content(std::string_view error) { return error.starts_with("GIF: "); }

bool tells_of_no_room(cl_error_t code) {
  return code == CL_EWRITE || code == CL_ECREAT || code == CL_ETMPFILE || code == CL_ETMPDIR;
}

UnscannedReason reason_of(cl_error_t code) {
  switch (code) {
    case CL_EMEM:
      return UnscannedReason::memory;
    case CL_ETIMEOUT:
      return UnscannedReason::timeout;
    case CL_EMAXREC:
    case CL_EMAXSIZE:
    case CL_EMAXFILES:
      return UnscannedReason::limit;
    case CL_EUNPACK:
    case CL_EFORMAT:
    case CL_EPARSE:
      return UnscannedReason::format;
    default:
      return UnscannedReason::engine;
  }
}

}  // namespace

std::string clean_name(std::string_view name) {
  std::string clean(name.substr(0, maximum_name));
  std::ranges::replace_if(clean, [](char c) { return !is_name_character(c); }, '-');
  return clean.empty() ? "unnamed" : clean;
}

ScanObserver::ScanObserver(const HeuristicOptions& heuristics, const ObserverLimits& limits,
                           const KnownLayers* known, Deadline until)
    : heuristics_(heuristics), limits_(limits), until_(until), memory_(known) {
  current = this;
}

ScanObserver::~ScanObserver() { current = nullptr; }

void ScanObserver::attach(cl_engine* engine) {
  cl_engine_set_clcb_file_inspection(engine, on_layer);
  cl_engine_set_clcb_post_scan(engine, on_layer_end);
  cl_engine_set_clcb_meta(engine, on_member);
  cl_engine_set_clcb_virus_found(engine, on_found);
}

void ScanObserver::attach_messages() { cl_set_clcb_msg(on_message); }

std::string ScanObserver::take_last_message() { return std::exchange(last_message, {}); }

void ScanObserver::begin_pass(LayerMemory::Outermost outermost) {
  memory_.begin_pass(outermost);
  saw_mail_ = false;
  layers_of_pass_ = 0;
}

void ScanObserver::end_pass(cl_error_t code) {
  if (code != CL_CLEAN && code != CL_VIRUS && !(tells_of_no_room(code) && scratch_was_full())) {
    add_unscanned(reason_of(code), fmt::format("Engine.Error.{}", cl_strerror(code)));
  }
  if (scratch_was_full()) add_unscanned(UnscannedReason::limit, "Limits.Scratch");
  if (failed_writes().other != writes_before_.other)
    add_unscanned(UnscannedReason::engine, "Engine.ScratchWrite");
  // A virus without a call of on_found would mean that a name got lost.
  if (code == CL_VIRUS && report_.findings.empty() && report_.unscanned.none()) {
    add_unscanned(UnscannedReason::engine, "Engine.VirusWithoutName");
  }
  if (layers_of_pass_ == 0) add_unscanned(UnscannedReason::engine, "Engine.NothingInspected");
}

void ScanObserver::add(FindingKind kind, std::string_view name) {
  Finding finding{.kind = kind, .name = clean_name(name)};
  if (found_in_.size() < limits_.findings)
    for (const Digest& digest : memory_.open()) found_in_.emplace_back(digest, finding.name);
  if (std::ranges::find(report_.findings, finding) != report_.findings.end()) return;
  if (report_.findings.size() >= limits_.findings) {
    report_.set_unscanned(UnscannedReason::limit);
    return;
  }
  report_.findings.push_back(std::move(finding));
}

void ScanObserver::add_unscanned(UnscannedReason reason, std::string_view name) {
  report_.set_unscanned(reason);
  add(FindingKind::unscanned, name);
}

void ScanObserver::add_encrypted(std::string_view name, const Digest& part) {
  auto known = std::ranges::find(report_.findings, FindingKind::encrypted, &Finding::kind);
  if (known == report_.findings.end()) {
    add(FindingKind::encrypted, name);
    known = std::ranges::find(report_.findings, FindingKind::encrypted, &Finding::kind);
  }
  if (known != report_.findings.end() && found_in_.size() < limits_.findings)
    found_in_.emplace_back(part, known->name);
}

cl_error_t ScanObserver::layer(const Layer& layer) {
  ++layers_of_pass_;
  ++report_.layers;
  largest_layer_ = std::max(largest_layer_, layer.size);
  if (layer.level == 0) saw_mail_ = layer.type == "CL_TYPE_MAIL";
  // An archive's member longer than the limit is cut near it, without any alert.
  if (layer.size >= limits_.layer_size) add_unscanned(UnscannedReason::limit, "Limits.LayerSize");
  if (!limits_.rar_supported && holds_rar(layer.type, layer.bytes))
    add_unscanned(UnscannedReason::format, "Format.RAR");
  if (holds_unreadable_zip_member(layer.type, layer.bytes))
    add_unscanned(UnscannedReason::format, "Format.ZipMethod");
  // Infected is infected: the rest can't change the class, but could run into the deadline and lose the
  // finding.
  if (signature_found_ || memory_.is_known(layer)) return CL_BREAK;
  if (rules_ != nullptr) look_for_rules(layer.bytes, layer.size);
  return signature_found_ ? CL_BREAK : CL_CLEAN;
}

void ScanObserver::vouch() {
  report_.layers_known = memory_.skipped();
  if (report_.complete() && report_.findings.empty()) report_.vouched = memory_.take_new();
}

std::vector<std::string> ScanObserver::findings_in(const Digest& digest, std::string_view bytes) const {
  std::vector<std::string> names;
  if (found_in_.empty()) return names;
  const bool is_text = bytes.size() <= LayerMemory::longest_text && may_be_text(bytes);
  const Digest words = is_text ? digest_of_words(bytes) : digest;
  for (const auto& [layer, name] : found_in_)
    if ((layer == digest || layer == words) && std::ranges::find(names, name) == names.end())
      names.push_back(name);
  return names;
}

void ScanObserver::look_for_rules(std::string_view bytes, std::size_t size) {
  if (bytes.size() != size) return add_unscanned(UnscannedReason::engine, "YARA.NoBytes");
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(until_.left());
  if (until_.passed()) return add_unscanned(UnscannedReason::timeout, "YARA.Timeout");
  const YaraRules::Outcome outcome = rules_->scan(bytes, left);
  for (const std::string_view name : outcome.names) {
    signature_found_ = true;
    add(FindingKind::signature, fmt::format("YARA.{}", name));
  }
  switch (outcome.end) {
    case YaraRules::End::complete:
      return;
    case YaraRules::End::too_many_matches:
      return add_unscanned(UnscannedReason::limit, "YARA.TooManyMatches");
    case YaraRules::End::timed_out:
      return add_unscanned(UnscannedReason::timeout, "YARA.Timeout");
    case YaraRules::End::failed:
      return add_unscanned(UnscannedReason::engine, "YARA.Error");
  }
}

void ScanObserver::found(std::string_view name) {
  static constexpr std::string_view unofficial = ".UNOFFICIAL";  // libclamav's suffix for unsigned databases
  if (name.starts_with("Heuristics.") && !name.ends_with(unofficial)) return heuristic(name);
  signature_found_ = true;
  if (name.ends_with(unofficial)) {
    const std::string_view own = name.substr(0, name.size() - unofficial.size());
    if (own == eicar_name || own == marker_name) name = own;
  }
  add(FindingKind::signature, name);
}

void ScanObserver::heuristic(std::string_view name) {
  const std::string_view which = name.substr(std::string_view("Heuristics.").size());
  if (which.starts_with("Limits.Exceeded.")) return add_unscanned(UnscannedReason::limit, name);
  if (which.starts_with("Encrypted.")) return add(FindingKind::encrypted, name);
  if (which.starts_with("OLE2.ContainsMacros")) {
    if (heuristics_.macros != HeuristicUse::off) add(FindingKind::macros, name);
    return;
  }
  if (which.starts_with("Broken.")) {
    if (heuristics_.broken != HeuristicUse::off) add(FindingKind::broken, name);
    return;
  }
  if (which.starts_with("Phishing.")) {
    if (heuristics_.phishing != HeuristicUse::off) add(FindingKind::phishing, name);
    return;
  }
  // Both end the unpacking of their container: what is in it wasn't looked at.
  if (which == "XZ.DicSizeLimit" || which == "Zip.OverlappingFiles")
    report_.set_unscanned(UnscannedReason::limit);
  add(FindingKind::heuristic, name);
}

void ScanObserver::message(cl_msg severity, std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const bool skipped = tells_of_something_skipped(text);
  if (severity != CL_MSG_ERROR && !(severity == CL_MSG_WARN && skipped)) return;
  if (is_about_the_content(text)) return;
  if (skipped && scratch_was_full()) return;  // end_pass() says it
  // The first tells why; a thousand parts would say it a thousand times.
  if (!std::exchange(error_noted_, true)) add(FindingKind::unscanned, fmt::format("Engine.Message.{}", text));
  report_.set_unscanned(UnscannedReason::engine);
}

cl_error_t ScanObserver::on_layer(int /*descriptor*/, const char* type, const char** /*ancestors*/,
                                  std::size_t /*parent_size*/, const char* /*name*/, std::size_t size,
                                  const char* bytes, std::uint32_t level, std::uint32_t attributes,
                                  void* context) {
  const std::string_view view = bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
  const Layer layer{type == nullptr ? "" : type, view, size, level, attributes};
  return static_cast<ScanObserver*>(context)->layer(layer);
}

cl_error_t ScanObserver::on_layer_end(int /*descriptor*/, int result, const char* /*name*/, void* context) {
  using Result = LayerMemory::Result;
  static_cast<ScanObserver*>(context)->memory_.ended(result == CL_CLEAN ? Result::good : Result::failed);
  return CL_CLEAN;
}

// `size`: as it stands in the container, packed.
cl_error_t ScanObserver::on_member(const char* container, unsigned long size, const char* /*name*/,
                                   unsigned long real_size, int /*is_encrypted*/, unsigned int /*position*/,
                                   void* context) {
  auto* self = static_cast<ScanObserver*>(context);
  if (real_size < self->limits_.layer_size) return CL_CLEAN;
  // Any 4 GiB of pictures or compressed data have the mark of a zip's local header by chance, and libclamav
  // looks for it everywhere: what stands behind it is no member when it would be longer than everything
  // around it. ZIP64 says so by the largest number (APPNOTE.TXT 4.4.8).
  constexpr unsigned long in_zip64_field = 0xffffffff;
  const bool is_chance = container != nullptr && std::string_view(container) == "CL_TYPE_ZIP" &&
                         size > self->largest_layer_ && size < in_zip64_field;
  if (!is_chance) self->add_unscanned(UnscannedReason::limit, "Limits.MemberSize");
  return CL_CLEAN;
}

void ScanObserver::on_found(int /*descriptor*/, const char* name, void* context) {
  static_cast<ScanObserver*>(context)->found(name == nullptr ? "" : name);
}

void ScanObserver::on_message(cl_msg severity, const char* /*full_text*/, const char* text,
                              void* /*context*/) {
  if (text == nullptr) return;
  if (current != nullptr) return current->message(severity, text);
  if (severity != CL_MSG_INFO_VERBOSE) last_message = text;
}

}  // namespace rastel::detect
