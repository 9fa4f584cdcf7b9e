// SPDX-License-Identifier: GPL-2.0-only
#include "detect/part_scan.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "detect/text_digest.hpp"
#include "message/archive_names.hpp"
#include "message/encryption.hpp"
#include "message/reader.hpp"
#include "message/true_type.hpp"
#include "verdict/report.hpp"

namespace rastel::detect {
namespace {

// libclamav passes over files of up to 5 bytes.
constexpr std::size_t smallest = 6;
// Bytes of a report (4 MiB at most, sandbox/wire.hpp) that parts may take, and what one takes besides texts.
constexpr std::size_t room_for_parts = 3 << 20;
constexpr std::size_t room_of_a_part = 160;
// What a message may be decoded to, by all readings together: so many times its size, and so many bytes
// besides.
constexpr std::size_t decoded_times = 10;
constexpr std::size_t decoded_besides = 64 << 20;

std::size_t room_for(const Part& part) {
  std::size_t room = room_of_a_part + part.path.size() + part.reading.size() + part.type.size();
  for (const auto* texts : {&part.true_types, &part.names, &part.members, &part.findings})
    for (const std::string& text : *texts) room += text.size() + 4;
  return room;
}

class PartScan final : public message::LeafVisitor {
 public:
  PartScan(ScanObserver& observer, Deadline until, const ScanAlone& scan_alone)
      : observer_(observer), until_(until), scan_alone_(scan_alone) {}

  void leaf(const message::Leaf& leaf) override {
    Part part{.path = leaf.path, .reading = leaf.reading, .type = leaf.type};
    part.names = leaf.names;
    part.size = leaf.bytes.size();
    part.sha256 = leaf.digest;
    part.entity = leaf.entity;
    part.body = leaf.body;
    part.looked = look(leaf);
    for (const std::string_view type : message::true_types(leaf.bytes)) part.true_types.emplace_back(type);
    if (may_be_archive(part, leaf.bytes)) add_members(part, leaf.bytes);
    add_encryption(part, leaf.bytes);
    part.findings = observer_.findings_in(leaf.digest, leaf.bytes);
    const std::size_t room = room_for(part);
    if (room > room_) return observer_.add_unscanned(UnscannedReason::limit, "Limits.ReportedParts");
    room_ -= room;
    observer_.report().parts.push_back(std::move(part));
  }

  [[nodiscard]] Digest digest_of(std::string_view bytes) override { return observer_.digest_of(bytes); }

 private:
  // Once for the same bytes, under however many names they come.
  Part::Looked look(const message::Leaf& leaf) {
    const auto known = looked_.find(leaf.digest);
    if (known != looked_.end()) return known->second;
    return looked_.emplace(leaf.digest, look_at(leaf)).first->second;
  }

  // What nobody unpacks is most of a mail.
  static bool may_be_archive(const Part& part, std::string_view bytes) {
    if (part.true_types.empty()) return !may_be_text(bytes);
    return std::ranges::any_of(part.true_types,
                               [](std::string_view type) { return type.starts_with("application/"); });
  }

  void add_members(Part& part, std::string_view bytes) {
    message::ArchiveNames archive =
        message::archive_names(bytes, std::min(message::archive_room(bytes.size()), unpacking_left_));
    unpacking_left_ -= std::min(archive.unpacked, unpacking_left_);
    part.members = std::move(archive.names);
    if (archive.encrypted) observer_.add_encrypted("Archive.Encrypted", part.sha256);
    if (archive.cut) observer_.add_unscanned(UnscannedReason::limit, "Limits.ArchiveNames");
  }

  void add_encryption(const Part& part, std::string_view bytes) {
    switch (message::encryption_of(bytes)) {
      case message::Encryption::none:
        return;
      case message::Encryption::smime:
        return observer_.add_encrypted("SMIME.Encrypted", part.sha256);
      case message::Encryption::pgp:
        return observer_.add_encrypted("PGP.Encrypted", part.sha256);
    }
  }

  Part::Looked look_at(const message::Leaf& leaf) {
    if (observer_.layers().has_seen(leaf.digest, leaf.bytes)) return Part::Looked::in_message;
    // Infected is infected: the rest can't change the class, but could run into the deadline.
    if (leaf.bytes.size() < smallest || observer_.found_signature()) return Part::Looked::not_needed;
    if (until_.passed()) {
      observer_.add_unscanned(UnscannedReason::timeout, "Parts.Timeout");
      return Part::Looked::not_needed;
    }
    const std::uint64_t skipped = observer_.layers().skipped();
    const std::uint64_t layers = observer_.report().layers;
    scan_alone_(leaf.bytes);
    const bool remembered =
        observer_.layers().skipped() == skipped + 1 && observer_.report().layers == layers + 1;
    return remembered ? Part::Looked::remembered : Part::Looked::alone;
  }

  ScanObserver& observer_;
  const Deadline until_;
  const ScanAlone& scan_alone_;
  std::unordered_map<Digest, Part::Looked> looked_;
  std::size_t room_ = room_for_parts;
  std::size_t unpacking_left_ = 1 << 30;  // bytes, for names of all archives together
};

}  // namespace

void scan_parts(std::string_view message, const EngineOptions& options, ScanObserver& observer,
                Deadline until, const ScanAlone& scan_alone) {
  message::ReaderLimits limits;
  limits.depth = options.max_depth;
  limits.parts = options.max_parts;
  limits.decoded_bytes = decoded_times * message.size() + decoded_besides;
  PartScan scan(observer, until, scan_alone);
  const message::ReadMessage read = message::read_message(message, scan, limits);
  observer.report().flags = read.oddities.list();
  if (read.complete) return;
  std::string_view which = "Reader";
  for (const Oddity& oddity : read.oddities.list())
    if (const std::string_view code = row_of(oddity.flag).code; code.starts_with("LIMIT_")) which = code;
  observer.add_unscanned(UnscannedReason::limit, fmt::format("Limits.{}", which));
}

}  // namespace rastel::detect
