// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/wire.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/planted_bug.hpp"
#include "base/utf8.hpp"
#include "detect/layer_memory.hpp"
#include "sandbox/wire_bytes.hpp"
#include "sandbox/wire_parts.hpp"
#include "sandbox/wire_places.hpp"

namespace rastel::sandbox {
namespace {

enum class Tag : std::uint16_t {
  finding = 1,
  unscanned = 2,
  layers = 3,
  engine_version = 4,
  signature_version = 5,
  layers_known = 6,
  vouched = 7,
  part = 8,
  flag = 9,
  places = 10
};

constexpr std::size_t most_findings = 4096;
constexpr std::size_t most_parts = 32'768;
constexpr std::size_t longest_name = 256;
constexpr std::size_t most_vouched = detect::LayerMemory::most_keys;

void put_item(std::string& out, Tag tag, std::string_view value) {
  put(out, static_cast<std::uint16_t>(tag));
  put_text(out, value);
}

void put_number(std::string& out, Tag tag, std::uint64_t number) {
  std::string value;
  put(value, number);
  put_item(out, tag, value);
}

bool is_name(std::string_view text) {
  const auto allowed = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '.' || character == '_' || character == '-';
  };
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, allowed);
}

// A version is shown to people: printable ASCII, short.
bool is_version(std::string_view text) {
  return text.size() <= 128 &&
         std::ranges::all_of(text, [](char character) { return character >= ' ' && character < 0x7f; });
}

// The whole of `value`.
bool take_number(std::string_view value, std::uint64_t& into) {
  const auto number = take<std::uint64_t>(value);
  if (!number || !value.empty()) return false;
  into = *number;
  return true;
}

bool add_vouched(Report& report, std::string_view value) {
  constexpr std::size_t length = sizeof(Digest::bytes);
  if (value.size() % length != 0 || value.size() / length > most_vouched - report.vouched.size())
    return false;
  for (; !value.empty(); value.remove_prefix(length)) {
    Digest digest;
    std::memcpy(digest.bytes.data(), value.data(), length);
    report.vouched.push_back(digest);
  }
  return true;
}

bool add_item(Report& report, Tag tag, std::string_view value) {
  switch (tag) {
    case Tag::finding: {
      if (value.empty()) return false;
      const auto kind =
          static_cast<std::uint8_t>(planted_read(value, RASTEL_PLANTED(wire) ? value.size() : 0));
      const std::string_view name = value.substr(1);
      if (kind > static_cast<std::uint8_t>(FindingKind::unscanned) || !is_name(name)) return false;
      if (report.findings.size() >= most_findings) return false;
      report.findings.push_back({static_cast<FindingKind>(kind), std::string(name)});
      return true;
    }
    case Tag::unscanned: {
      if (value.size() != 1 || static_cast<std::uint8_t>(value[0]) >= unscanned_reasons) return false;
      report.unscanned.set(static_cast<std::uint8_t>(value[0]));
      return true;
    }
    case Tag::layers:
      return take_number(value, report.layers);
    case Tag::layers_known:
      return take_number(value, report.layers_known);
    case Tag::vouched:
      return add_vouched(report, value);
    case Tag::part: {
      auto part = decode_part(value);
      if (!part || report.parts.size() >= most_parts) return false;
      report.parts.push_back(std::move(*part));
      return true;
    }
    case Tag::flag: {
      const auto flag = decode_flag(value);
      if (!flag || report.flags.size() >= ambiguities().size()) return false;
      report.flags.push_back(*flag);
      return true;
    }
    case Tag::places:
      if (report.places) return false;
      report.places = decode_places(value);
      return report.places.has_value();
    case Tag::engine_version:
      if (!is_version(value)) return false;
      report.engine_version = value;
      return true;
    case Tag::signature_version:
      if (!is_version(value)) return false;
      report.signature_version = value;
      return true;
  }
  return false;
}

}  // namespace

std::string encode_frame(const FrameHeader& header, std::string_view body) {
  std::string bytes;
  put(bytes, header);
  bytes += body;
  return bytes;
}

std::optional<Frame> decode_frame(std::string_view bytes) {
  if (bytes.size() > largest_frame) return std::nullopt;
  const auto header = take<FrameHeader>(bytes);
  if (!header || header->magic != wire_magic) return std::nullopt;
  const auto kind = static_cast<std::uint32_t>(header->kind);
  if (kind < static_cast<std::uint32_t>(FrameKind::fork_worker) ||
      kind > static_cast<std::uint32_t>(FrameKind::share_verdicts))
    return std::nullopt;
  return Frame{*header, bytes};
}

std::string encode_report(const Report& report) {
  std::string out;
  for (const Finding& finding : report.findings)
    put_item(out, Tag::finding, std::string(1, static_cast<char>(finding.kind)) + finding.name);
  for (const Part& part : report.parts) put_item(out, Tag::part, encode_part(part));
  for (const Oddity& flag : report.flags) put_item(out, Tag::flag, encode_flag(flag));
  if (report.places) put_item(out, Tag::places, encode_places(*report.places));
  for (std::size_t i = 0; i < unscanned_reasons; ++i)
    if (report.unscanned.test(i)) put_item(out, Tag::unscanned, std::string(1, static_cast<char>(i)));
  put_number(out, Tag::layers, report.layers);
  put_number(out, Tag::layers_known, report.layers_known);
  std::string vouched;
  for (const Digest& digest : report.vouched)
    vouched.append(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
  if (!vouched.empty()) put_item(out, Tag::vouched, vouched);
  put_item(out, Tag::engine_version, report.engine_version);
  put_item(out, Tag::signature_version, report.signature_version);
  return out;
}

std::optional<Report> decode_report(std::string_view bytes) {
  Report report;
  while (!bytes.empty()) {
    const auto tag = take<std::uint16_t>(bytes);
    const auto value = take_text(bytes);
    if (!tag || !value || !add_item(report, static_cast<Tag>(*tag), *value)) return std::nullopt;
  }
  // A report that says nothing about the layers it looked at was not made by a scan.
  if (report.layers == 0 && report.complete()) return std::nullopt;
  if (report.layers_known > report.layers) return std::nullopt;
  // Nobody vouches for what was found infected, or wasn't looked at.
  if (!report.vouched.empty() && (!report.complete() || !report.findings.empty())) return std::nullopt;
  return report;
}

ReportAssembler::Progress ReportAssembler::add(std::string_view bytes) {
  const auto frame = decode_frame(bytes);
  if (!frame) return Progress::broken;
  if (frame->header.kind != FrameKind::report_part && frame->header.kind != FrameKind::report_end)
    return Progress::broken;
  if (frame->header.number != number_) return Progress::broken;
  // Every part but the last is full: who sends crumbs wants to keep us busy.
  if (frame->header.kind == FrameKind::report_part && frame->body.size() != largest_body)
    return Progress::broken;
  if (frame->body.size() > largest_report - bytes_.size()) return Progress::too_large;
  bytes_ += frame->body;
  if (frame->header.kind == FrameKind::report_part) return Progress::more;
  auto report = decode_report(bytes_);
  if (!report) return Progress::broken;
  report_ = std::move(*report);
  return Progress::complete;
}

std::string encode_ready(const EngineReady& ready) {
  std::string text =
      "engine=" + ready.engine_version + "\nsignatures=" + ready.signature_version +
      "\ncount=" + std::to_string(ready.signature_count) + "\ntime=" + std::to_string(ready.signature_time) +
      "\nbuiltin_only=" + (ready.builtin_only ? "1" : "0") + "\ndigest=" + ready.signature_digest +
      "\nyara=" + std::to_string(ready.yara_rules) + "\nmemory=" + std::to_string(ready.memory) +
      "\nload_ms=" + std::to_string(ready.load_ms) + "\n";
  for (const std::string& sentence : ready.missing) text += "missing=" + sentence + "\n";
  return text;
}

EngineReady decode_ready(std::string_view text) {
  EngineReady ready;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "engine") ready.engine_version = printable(value.substr(0, 128));
    if (key == "signatures") ready.signature_version = printable(value.substr(0, 128));
    if (key == "count") std::from_chars(value.data(), value.data() + value.size(), ready.signature_count);
    if (key == "time") std::from_chars(value.data(), value.data() + value.size(), ready.signature_time);
    if (key == "builtin_only") ready.builtin_only = value == "1";
    if (key == "digest") ready.signature_digest = printable(value.substr(0, 64));
    if (key == "yara") std::from_chars(value.data(), value.data() + value.size(), ready.yara_rules);
    if (key == "memory") std::from_chars(value.data(), value.data() + value.size(), ready.memory);
    if (key == "load_ms") std::from_chars(value.data(), value.data() + value.size(), ready.load_ms);
    if (key == "missing" && ready.missing.size() < 32)
      ready.missing.push_back(printable(value.substr(0, 512)));
  }
  return ready;
}

}  // namespace rastel::sandbox
