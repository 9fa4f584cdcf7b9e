// SPDX-License-Identifier: GPL-2.0-only
// A message on its way back to smtpd: lines "filter-dataline|SESSION|TOKEN|…", dot-stuffed, and the one that
// ends it. It stays in its files; a block at a time is in memory. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "piping/spool.hpp"
#include "protocol/pipe/line_ends.hpp"

namespace rastel::piping::opensmtpd {

// What is handed on: `above` bytes of `original`, `line`, and what is left of it, or all of `changed`.
struct Version {
  Spooled original = {};
  std::uint64_t above = 0;
  std::string line = {};
  FileDescriptor changed = {};
};

class Outgoing {
 public:
  Outgoing(Version version, const std::string& session, const std::string& token);

  enum class Progress : std::uint8_t {
    more,
    done,
    broken  // it can't be read; what there was has been ended, and mustn't be taken
  };
  // Appends about a block of it, whole lines.
  [[nodiscard]] Progress fill(std::string& out);

 private:
  enum class Part : std::uint8_t { above, line, rest, end };
  // Of the current part; empty: that one is through.
  [[nodiscard]] Outcome<std::string> read();
  void append(std::string& out, std::string_view bytes);
  void append_line(std::string& out, std::string_view line) const;
  void end(std::string& out);

  Version version_;
  std::string head_;  // of every line
  Part part_ = Part::above;
  std::uint64_t offset_ = 0;
  pipe::ToLf line_ends_;
  std::string line_;  // what there is of one; others write between ours
};

}  // namespace rastel::piping::opensmtpd
