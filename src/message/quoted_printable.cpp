// SPDX-License-Identifier: GPL-2.0-only
#include "message/quoted_printable.hpp"

#include <algorithm>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

using BadEscape = QuotedPrintableReading::BadEscape;
using TrailingWhite = QuotedPrintableReading::TrailingWhite;
using OddSoftBreak = QuotedPrintableReading::OddSoftBreak;
using TakenOut = QuotedPrintableReading::TakenOut;

std::string without_soft_breaks(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Line line = line_at(text, at);
    std::size_t end = line.end;
    while (end > line.begin && (is_white(text[end - 1]) || text[end - 1] == '\r')) --end;
    const bool soft = line.ended() && end > line.begin && text[end - 1] == '=';
    result.append(text, line.begin, soft ? end - 1 - line.begin : line.next - line.begin);
    at = line.next;
  }
  return result;
}

bool is_control(char byte) { return (byte >= '\0' && byte < ' ') || byte == '\x7f'; }

std::string without_controls(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text[at];
    const bool breaks_line = byte == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
    if (!is_control(byte) || byte == '\t' || byte == '\n' || breaks_line) result += byte;
  }
  return result;
}

class Decoder {
 public:
  Decoder(std::string_view text, const QuotedPrintableReading& reading) : text_(text), reading_(reading) {
    out_.reserve(text.size());
  }

  void decode() {
    for (std::size_t at = 0; at < text_.size();) at = decode_line(line_at(text_, at));
  }

  [[nodiscard]] std::string take() { return std::move(out_); }
  [[nodiscard]] Oddities take_oddities() { return std::move(oddities_); }
  [[nodiscard]] bool has_trailing_white() const { return trailing_white_; }
  [[nodiscard]] bool begins_line_with_cr() const { return line_begins_with_cr_; }

 private:
  // Returns where the next line begins.
  std::size_t decode_line(const Line& line) {
    std::size_t end = line.end;
    if (end > line.begin && text_[line.begin] == '\r') line_begins_with_cr_ = true;
    while (end > line.begin && is_white(text_[end - 1])) --end;
    const bool white = end < line.end;
    std::size_t at = line.begin;
    while (at < end) {
      const std::size_t mark = text_.substr(0, end).find('=', at);
      if (mark == std::string_view::npos) break;
      out_.append(text_, at, mark - at);
      at = mark + 1;
      if (is_soft_break(at, end)) return soft_break(mark, line);
      at = escape(mark, end);
    }
    out_.append(text_, at, end - at);
    if (white) {
      trailing_white_ = true;
      if (reading_.trailing_white == TrailingWhite::is_kept) out_.append(text_, end, line.end - end);
    }
    out_.append(text_, line.end, line.next - line.end);
    return line.next;
  }

  // Behind a `=` nothing but white space and lone CRs stands in the line.
  [[nodiscard]] bool is_soft_break(std::size_t at, std::size_t end) const {
    while (at < end && (text_[at] == '\r' || is_white(text_[at]))) ++at;
    return at == end;
  }

  std::size_t soft_break(std::size_t mark, const Line& line) {
    const bool odd = mark + 1 < line.end || !line.ended();
    if (mark + 1 < line.end) note(Ambiguity::qp_odd_soft_break, mark, line.end);
    if (odd && reading_.odd_soft_break == OddSoftBreak::is_literal)
      out_.append(text_, mark, line.next - mark);
    return line.next;
  }

  std::size_t escape(std::size_t mark, std::size_t end) {
    const std::size_t left = end - mark - 1;
    // RFC 2045 has upper case alone; everybody takes both.
    const int high = left > 0 ? hexadecimal(byte_at(mark + 1)) : -1;
    const int low = left > 1 ? hexadecimal(text_[mark + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out_ += static_cast<char>(high * 16 + low);
      return mark + 3;
    }
    // A lone CR behind it is a line break to some: what follows is joined.
    if (left > 0 && text_[mark + 1] == '\r') {
      note(Ambiguity::qp_odd_soft_break, mark, mark + 2);
      if (reading_.odd_soft_break == OddSoftBreak::is_joined) return mark + 2;
    }
    note(Ambiguity::qp_bad_escape, mark, std::min(mark + 3, end));
    switch (reading_.bad_escape) {
      case BadEscape::is_literal:
        out_ += '=';
        return mark + 1;
      case BadEscape::loses_its_mark:
        return mark + 1;
      case BadEscape::loses_its_digit:
        return mark + (high >= 0 ? 2 : 1);
      case BadEscape::is_dropped:
        break;
    }
    return std::min({text_.substr(0, end).find('=', mark + 1), mark + 3, end});
  }

  [[nodiscard]] char byte_at(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(quoted_printable))
      return planted_read(text_, at + (at + 2 > text_.size() ? 1 : 0));
    return text_[at];
  }

  void note(Ambiguity flag, std::size_t begin, std::size_t end) { oddities_.add(flag, {begin, end}); }

  const std::string_view text_;
  const QuotedPrintableReading reading_;
  std::string out_;
  Oddities oddities_;
  bool trailing_white_ = false;
  bool line_begins_with_cr_ = false;
};

}  // namespace

QuotedPrintableDecoded decode_quoted_printable(std::string_view text) {
  Decoder decoder(text, {});
  decoder.decode();
  QuotedPrintableDecoded decoded{decoder.take(), decoder.take_oddities(), {}};
  const bool bad_escape = decoded.oddities.has(Ambiguity::qp_bad_escape);
  if (bad_escape)
    for (const BadEscape other :
         {BadEscape::loses_its_mark, BadEscape::loses_its_digit, BadEscape::is_dropped})
      decoded.others.push_back({.bad_escape = other});
  if (bad_escape) decoded.others.push_back({.taken_out = TakenOut::soft_breaks});
  if (bad_escape || decoder.begins_line_with_cr() || decoded.oddities.has(Ambiguity::qp_odd_soft_break))
    decoded.others.push_back({.taken_out = TakenOut::controls});
  if (decoder.has_trailing_white()) decoded.others.push_back({.trailing_white = TrailingWhite::is_kept});
  if (decoded.oddities.has(Ambiguity::qp_odd_soft_break)) {
    decoded.others.push_back({.odd_soft_break = OddSoftBreak::is_literal});
    if (bad_escape)
      decoded.others.push_back(
          {.bad_escape = BadEscape::loses_its_mark, .odd_soft_break = OddSoftBreak::is_literal});
  }
  return decoded;
}

std::string decode_quoted_printable(std::string_view text, const QuotedPrintableReading& reading) {
  std::string rest;
  if (reading.taken_out != TakenOut::nothing) {
    rest = reading.taken_out == TakenOut::controls ? without_controls(text) : without_soft_breaks(text);
    text = rest;
  }
  Decoder decoder(text, reading);
  decoder.decode();
  return decoder.take();
}

}  // namespace rastel::message
