// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/header_scanner.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel {
namespace {

constexpr std::size_t longest_note = 998;

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The field's name: what stands before the colon, blanks before it ignored as many readers do (RFC
// 5322 4.5.8); empty if there is no colon or something else than printable ASCII before it.
std::string_view field_name(std::string_view line) {
  const std::size_t end = line.size() + (RASTEL_PLANTED(header_scanner) ? 1 : 0);
  for (std::size_t i = 0; i < end; ++i) {
    const char character = planted_read(line, i);
    if (character == ':') return trim(line.substr(0, i));
    if (character != ' ' && character != '\t' && (character <= ' ' || character >= 0x7f)) return {};
  }
  return {};
}

// What a mail server writes: printable, CRLF at its end, never blanks alone, which some readers take for the
// end of the header. Anything else may be content in disguise and is hashed with the rest.
bool strictly_formed(std::string_view line) {
  if (!line.ends_with("\r\n")) return false;
  line.remove_suffix(2);
  return !trim(line).empty() && std::ranges::all_of(line, [](char character) {
    return character == '\t' || (character >= ' ' && character < 0x7f);
  });
}

}  // namespace

void HeaderScanner::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    if (where_ == Where::body) return emit(bytes, out);
    const std::size_t newline = bytes.find('\n');
    const bool ends = newline != std::string_view::npos;
    std::string_view piece = bytes.substr(0, ends ? newline + 1 : bytes.size());
    if (rest_of_long_line_) {
      if (where_ != Where::dropped_field) emit(piece, out);
      rest_of_long_line_ = !ends;
    } else if (held_.size() + piece.size() > longest_looked_at) {
      // Cut at a fixed length, whatever the split: what is looked at must not depend on it.
      piece = piece.substr(0, longest_looked_at - held_.size());
      held_ += piece;
      line(std::exchange(held_, {}), Length::cut, out);
      rest_of_long_line_ = true;
    } else {
      held_ += piece;
      if (ends) line(std::exchange(held_, {}), Length::whole, out);
    }
    bytes.remove_prefix(piece.size());
  }
}

void HeaderScanner::finish(std::string& out) {
  if (!held_.empty()) line(std::exchange(held_, {}), Length::whole, out);
}

void HeaderScanner::emit(std::string_view bytes, std::string& out) {
  out += bytes;
  if (trace_run_)
    below_trace_ += bytes.size();
  else
    hash_.update(bytes);
}

void HeaderScanner::line(std::string_view line, Length length, std::string& out) {
  const std::string_view text = without_line_end(line);
  const bool folded = text.starts_with(' ') || text.starts_with('\t');
  if (text.empty() && line.size() > text.size()) {
    where_ = Where::body;
    trace_run_ = false;
  } else if (folded) {
    if (where_ != Where::dropped_field) note(text);
  } else {
    start_of_field(text);
  }
  if (where_ == Where::dropped_field) return;
  // A folded line with no field above it belongs to no trace field.
  if (!in_trace_field_ || length == Length::cut || !strictly_formed(line)) trace_run_ = false;
  emit(line, out);
}

void HeaderScanner::start_of_field(std::string_view text) {
  const std::string_view name = field_name(text);
  noting_ = nullptr;
  if (equal_ignoring_case(name, own_field_)) {
    where_ = Where::dropped_field;
    ++forged_;
    return;
  }
  where_ = Where::field;
  const bool received = equal_ignoring_case(name, "Received");
  if (received) ++received_;
  // Strictly formed: no blank before the colon.
  in_trace_field_ = (received || equal_ignoring_case(name, "Return-Path")) && text.size() > name.size() &&
                    text[name.size()] == ':';
  if (equal_ignoring_case(name, "Message-ID") && message_id_.empty()) noting_ = &message_id_;
  if (equal_ignoring_case(name, "Subject") && subject_.empty()) noting_ = &subject_;
  if (noting_ != nullptr) note(text.substr(text.find(':') + 1));
}

void HeaderScanner::note(std::string_view text) {
  if (noting_ == nullptr) return;
  text = trim(text);
  if (!noting_->empty() && noting_->size() < longest_note) *noting_ += ' ';
  noting_->append(text, 0, longest_note - std::min(noting_->size(), longest_note));
}

}  // namespace rastel
