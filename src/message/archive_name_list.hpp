// SPDX-License-Identifier: GPL-2.0-only
// Collects an archive's names within their limits. For archive_names.cpp and what reads one format for it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "message/archive_names.hpp"

namespace rastel::message {

class ArchiveNameList {
 public:
  // `raw`: as it stands in the archive, in whatever charset. Also as a system takes it.
  void add(std::string_view raw);
  void add_in(std::string_view charset, std::string_view name);  // e.g. "UTF-16LE"

  // One more of the headers that all formats together may have; false: enough, or no further name fits.
  [[nodiscard]] bool spend_header();

  void encrypted() { result_.encrypted = true; }
  void broken() { result_.broken = true; }
  void cut() { result_.cut = true; }
  void unpacked(std::size_t bytes) { result_.unpacked += bytes; }
  [[nodiscard]] std::size_t count() const { return result_.names.size(); }

  [[nodiscard]] ArchiveNames take() { return std::move(result_); }

 private:
  // More than names, because equal ones are kept once, and those behind the limit are looked at for their
  // extension; less than what would take seconds.
  static constexpr std::size_t most_headers = 100'000;

  void add_as_it_stands(std::string_view raw);
  bool spend_name_behind_limit();

  ArchiveNames result_;
  std::unordered_set<std::string> seen_;
  std::unordered_set<std::string> extensions_;  // as they stand there, in lower case
  std::size_t bytes_ = 0;
  bool limit_met_ = false;
  std::size_t behind_limit_ = 0;
  std::size_t headers_ = 0;
  bool full_ = false;
};

// rar's blocks of either version, behind a signature anywhere.
void list_rar(std::string_view bytes, ArchiveNameList& names);
// ARJ's headers, of an archive that begins with one.
void list_arj(std::string_view bytes, ArchiveNameList& names);
// UDF's file identifiers (ECMA-167 4/14.4), wherever one stands, if the bytes are a UDF volume.
void list_udf(std::string_view bytes, ArchiveNameList& names);
// What libarchive reads, at most `room` bytes unpacked.
void list_by_libarchive(std::string_view bytes, std::size_t room, ArchiveNameList& names);

}  // namespace rastel::message
