// SPDX-License-Identifier: GPL-2.0-only
// The one place where the daemon looks at bytes of a message: line starts of the header block. It counts
// Received: fields (loops, PROTOCOLS A-39), drops forged copies of our own field, keeps Message-ID and
// Subject for the log, and hashes what lies below the leading run of Received: and Return-Path: fields, which
// differ at every attempt of the same message. Everything else about a message is read in workers only.
//
// Streaming, independent of how the bytes are split; holds at most one line of `longest_looked_at` bytes.
// Lines are ended by LF here (after line_breaks.hpp that is CRLF); a line that is longer passes through
// unlooked at beyond that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/sha256.hpp"

namespace rastel {

class HeaderScanner {
 public:
  static constexpr std::size_t longest_looked_at = 1000;

  // `own_field`: the name of our header field, e.g. "X-Rastel".
  explicit HeaderScanner(std::string_view own_field) : own_field_(own_field) {}

  // Appends to `out` what of `bytes` (and of what was held back) belongs to the message.
  void feed(std::string_view bytes, std::string& out);
  // Behind the header's end all that comes is output as it is: who has it in its place already says pass()
  // instead of feed(), and saves a copy.
  [[nodiscard]] bool in_body() const { return where_ == Where::body; }
  void pass(std::string_view bytes) { hash_.update(bytes); }
  // After the last byte.
  void finish(std::string& out);

  [[nodiscard]] std::uint32_t received_fields() const { return received_; }
  [[nodiscard]] const std::string& message_id() const {
    return message_id_;
  }  // raw, trimmed, at most 998 bytes
  [[nodiscard]] const std::string& subject() const { return subject_; }
  [[nodiscard]] std::uint32_t forged_fields() const { return forged_; }
  // Where the leading run of strictly formed Received: and Return-Path: fields ends, in bytes of the output.
  [[nodiscard]] std::uint64_t below_trace() const { return below_trace_; }
  // Of all output below the leading run of Received: and Return-Path:. Once, after finish().
  [[nodiscard]] Digest retry_key() { return hash_.finish(); }

 private:
  enum class Where : std::uint8_t { field, dropped_field, body };

  enum class Length : std::uint8_t { whole, cut };  // `cut`: the first part of a line that is too long

  void line(std::string_view line, Length length, std::string& out);
  void emit(std::string_view bytes, std::string& out);
  void start_of_field(std::string_view line);
  void note(std::string_view line);

  std::string own_field_;
  std::string held_;  // the line so far
  bool rest_of_long_line_ = false;
  Where where_ = Where::field;
  bool trace_run_ = true;  // still within the leading run
  bool in_trace_field_ = false;
  std::string* noting_ = nullptr;  // message_id_ or subject_ while its folded lines go on
  std::uint64_t below_trace_ = 0;
  std::uint32_t received_ = 0;
  std::uint32_t forged_ = 0;
  std::string message_id_, subject_;
  Sha256 hash_;
};

}  // namespace rastel
