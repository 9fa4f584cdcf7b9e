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

 private:
  // Returns where the next line begins.
  std::size_t decode_line(const Line& line) {
    std::size_t end = line.end;
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
  Decoder decoder(text, reading);
  decoder.decode();
  return decoder.take();
}

}  // namespace rastel::message
