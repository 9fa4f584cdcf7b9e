// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/report_memory.hpp"

#include <iterator>
#include <string>

#include "sandbox/verdict_table.hpp"

namespace rastel::sandbox {
namespace {

// What it takes, near enough: texts, and what the containers of texts take for each.
std::size_t bytes_of(const Report& report) {
  std::size_t bytes = 512 + report.flags.size() * sizeof(Oddity);
  for (const Part& part : report.parts) {
    bytes += sizeof(Part) + part.path.size() + part.reading.size() + part.type.size();
    for (const auto* texts : {&part.true_types, &part.names, &part.members, &part.findings})
      for (const std::string& text : *texts) bytes += sizeof(std::string) + text.size();
  }
  if (report.places) {
    bytes += (report.places->subjects.size() + report.places->fields.size()) * sizeof(FieldPlace);
    for (const LeafPlace& leaf : report.places->leaves)
      bytes += sizeof leaf + leaf.path.size() + leaf.fields.size() * sizeof(ByteRange);
  }
  return bytes;
}

}  // namespace

void ReportMemory::remember(const Digest& key, const Report& report, Clock::time_point now) {
  forget(key);
  const std::size_t bytes = bytes_of(report);
  while (room_ < bytes && !entries_.empty()) remove(entries_.begin());
  if (room_ < bytes) return;
  room_ -= bytes;
  entries_.push_back({key, report, bytes, now});
  by_key_.emplace(key, std::prev(entries_.end()));
}

void ReportMemory::forget(const Digest& key) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) remove(found->second);
}

void ReportMemory::remove(Entries::iterator entry) {
  room_ += entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

const Report* ReportMemory::find(const Digest& key, Clock::time_point now) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || now - found->second->since > VerdictTable::longest) return nullptr;
  return &found->second->report;
}

}  // namespace rastel::sandbox
