// SPDX-License-Identifier: GPL-2.0-only
#include "message/base64.hpp"

#include <algorithm>
#include <array>

#include "base/planted_bug.hpp"
#include "message/base64_quanta.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t white = 0x40, padding = 0x41, junk = 0x42;  // beside the values of digits, 0 to 63

// What each byte is.
constexpr std::array<std::uint8_t, 256> kinds = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(junk);
  for (std::size_t value = 0; value < digits.size(); ++value)
    table[static_cast<unsigned char>(digits[value])] = static_cast<std::uint8_t>(value);
  for (const char byte : {' ', '\t', '\r', '\n'}) table[static_cast<unsigned char>(byte)] = white;
  table['='] = padding;
  return table;
}();

class Quantum {
 public:
  explicit Quantum(char* out) : begin_(out), out_(out) {}

  void add(std::uint32_t value) {
    bits_ = bits_ << 6 | value;
    if (++count_ < 4) return;
    *out_++ = static_cast<char>(bits_ >> 16);
    *out_++ = static_cast<char>(bits_ >> 8);
    *out_++ = static_cast<char>(bits_);
    bits_ = count_ = 0;
  }
  // Between quanta: those that follow in `text`, as long as they are whole and nothing stands in them.
  // Returns where that ends.
  std::size_t take_whole(std::string_view text, std::size_t at) { return decode_quanta(text, at, out_); }
  // Between quanta, where a line begins: whole lines.
  std::size_t take_lines(std::string_view text, std::size_t at) { return decode_lines(text, at, out_); }
  // What is there is all: two digits hold a byte, three hold two.
  void end() {
    if (count_ >= 2) *out_++ = static_cast<char>(bits_ >> (count_ == 2 ? 4 : 10));
    if (count_ == 3) *out_++ = static_cast<char>(bits_ >> 2);
    bits_ = count_ = 0;
  }
  void drop() { bits_ = count_ = 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t written() const { return static_cast<std::size_t>(out_ - begin_); }

 private:
  char* const begin_;
  char* out_;
  std::uint32_t bits_ = 0;
  std::uint32_t count_ = 0;
};

// Enough for what the text decodes to; not filled with anything, as most of it is written once.
std::string room_for(std::string_view text) {
  std::string room;
  room.resize_and_overwrite(text.size() / 4 * 3 + 6, [](char*, std::size_t size) { return size; });
  return room;
}

class DefaultReading {
 public:
  explicit DefaultReading(std::string_view text)
      : text_(text), room_(room_for(text)), quantum_(room_.data()) {}

  Base64Decoded decode() {
    std::size_t at = 0;
    while (at < text_.size()) {
      if (quantum_.count() == 0) at = take_plain(at);
      if (at == text_.size()) break;
      const char byte = byte_at(at);
      const std::uint8_t kind = kinds[static_cast<unsigned char>(byte)];
      if (kind == padding) {
        pad(at);
        break;
      }
      if (kind < 64)
        quantum_.add(kind);
      else if (kind == junk)
        meet_junk(byte, at);
      else if (byte == '\n' && quantum_.count() > 0)
        broken_quantum_ = true;
      ++at;
    }
    if (quantum_.count() > 0 && !padded_) note(Ambiguity::base64_bad_padding, text_.size());
    quantum_.end();
    room_.resize(quantum_.written());
    result_.bytes = std::move(room_);
    name_others();
    return std::move(result_);
  }

 private:
  void note(Ambiguity flag, std::size_t at) {
    result_.oddities.add(flag, {at, std::min(at + 1, text_.size())});
  }

  // Line breaks between quanta are passed over, as all that is no digit.
  std::size_t take_plain(std::size_t at) {
    if (at == 0 || text_[at - 1] == '\n') at = quantum_.take_lines(text_, at);
    return quantum_.take_whole(text_, at);
  }

  char byte_at(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(base64)) return planted_read(text_, at + quantum_.count() / 3);
    return text_[at];
  }

  void meet_junk(char byte, std::size_t at) {
    const bool other = byte == '-' || byte == '_';
    note(other ? Ambiguity::base64_other_alphabet : Ambiguity::base64_junk, at);
  }

  // The rest, from the first padding on, is read for what it tells alone.
  void pad(std::size_t at) {
    padded_ = true;
    std::size_t marks = 0, behind = 0, other = 0;
    std::size_t first_behind = at;
    for (std::size_t i = at; i < text_.size(); ++i) {
      const std::uint8_t kind = kinds[static_cast<unsigned char>(text_[i])];
      if (kind == white) continue;
      if (kind == padding && behind + other == 0)
        ++marks;
      else if (behind + other == 0)
        first_behind = i;
      if (kind < 64) ++behind;
      if (kind == junk) ++other;
    }
    const std::size_t wanted = quantum_.count() == 0 ? 0 : 4 - quantum_.count();
    if (marks != wanted || quantum_.count() == 1) note(Ambiguity::base64_bad_padding, at);
    // A list's footer has characters that no encoder writes; a second stream has none.
    if (other > 0) note(Ambiguity::base64_data_after_end, first_behind);
    if (other == 0 && behind > 0) note(Ambiguity::base64_padding_inside, first_behind);
    goes_on_ = behind > 0;
  }

  void name_others() {
    using Padding = Base64Reading::Padding;
    using LineEnd = Base64Reading::LineEnd;
    using Junk = Base64Reading::Junk;
    std::vector<Base64Reading>& others = result_.others;
    if (broken_quantum_) {
      others.push_back({.padding = Padding::ends_quantum, .line_end = LineEnd::ends_quantum});
      others.push_back({.padding = Padding::ends_quantum, .line_end = LineEnd::drops_quantum});
    }
    if (result_.oddities.list().empty()) return;
    if (goes_on_ || result_.oddities.has(Ambiguity::base64_bad_padding)) {
      others.push_back({.padding = Padding::ends_quantum});
      others.push_back({.padding = Padding::is_skipped});
      if (padded_) others.push_back({.padding = Padding::is_zero});
      if (padded_) others.push_back({.padding = Padding::fills_place});
    }
    if (result_.oddities.has(Ambiguity::base64_other_alphabet))
      others.push_back({.padding = Padding::ends_quantum, .alphabet = Base64Reading::Alphabet::url_safe});
    if (result_.oddities.has(Ambiguity::base64_junk) ||
        result_.oddities.has(Ambiguity::base64_other_alphabet) ||
        result_.oddities.has(Ambiguity::base64_data_after_end)) {
      others.push_back({.padding = Padding::ends_quantum, .junk = Junk::is_line});
      others.push_back({.padding = Padding::ends_quantum, .junk = Junk::ends_line});
    }
    // Digits that don't belong to it shift all that follows.
    for (std::uint8_t left_out = 1; left_out <= 3; ++left_out)
      others.push_back({.padding = Padding::ends_quantum, .digits_left_out = left_out});
  }

  const std::string_view text_;
  std::string room_;
  Quantum quantum_;
  Base64Decoded result_;
  bool padded_ = false;
  bool goes_on_ = false;         // digits stand behind padding
  bool broken_quantum_ = false;  // a line ends within one
};

// Slower: it looks at every line.
class OtherReading {
 public:
  OtherReading(std::string_view text, const Base64Reading& reading)
      : text_(text),
        reading_(reading),
        left_out_(reading.digits_left_out),
        room_(room_for(text)),
        quantum_(room_.data()) {}

  std::string decode() {
    for (std::size_t at = 0; at < text_.size() && !ended_;) {
      const Line line = line_at(text_, at);
      decode_line(without_junk(text_.substr(line.begin, line.end - line.begin)));
      if (line.ended()) end_line();
      at = line.next;
    }
    end_quantum();
    room_.resize(quantum_.written());
    return std::move(room_);
  }

 private:
  [[nodiscard]] std::uint8_t kind_of(char byte) const {
    const bool other = reading_.alphabet == Base64Reading::Alphabet::url_safe && (byte == '-' || byte == '_');
    if (other) return byte == '-' ? 62 : 63;
    return kinds[static_cast<unsigned char>(byte)];
  }

  [[nodiscard]] std::string_view without_junk(std::string_view line) const {
    if (reading_.junk == Base64Reading::Junk::is_skipped) return line;
    std::size_t length = 0;
    while (length < line.size() && kind_of(line[length]) != junk) ++length;
    if (length == line.size()) return line;
    return line.substr(0, reading_.junk == Base64Reading::Junk::is_line ? 0 : length);
  }

  void decode_line(std::string_view line) {
    for (std::size_t at = 0; at < line.size() && !ended_; ++at) {
      if (quantum_.count() == 0 && places_ == 0 && left_out_ == 0) at = quantum_.take_whole(line, at);
      if (at == line.size()) return;
      const std::uint8_t kind = kind_of(line[at]);
      if (kind == padding)
        pad();
      else if (kind < 64)
        take(kind);
    }
  }

  void take(std::uint8_t value) {
    if (left_out_ > 0) {
      --left_out_;
      return;
    }
    quantum_.add(value);
    fill_place();
  }

  void pad() {
    using Padding = Base64Reading::Padding;
    switch (reading_.padding) {
      case Padding::ends_data:
        ended_ = true;
        return;
      case Padding::ends_quantum:
        return end_quantum();
      case Padding::is_skipped:
        return;
      case Padding::is_zero:
        return take(0);
      case Padding::fills_place:
        return fill_place();
    }
  }

  // Places count only where something else than a digit may fill one.
  void fill_place() {
    if (reading_.padding != Base64Reading::Padding::fills_place || ++places_ < 4) return;
    end_quantum();
  }

  void end_quantum() {
    quantum_.end();
    places_ = 0;
  }

  void end_line() {
    if (reading_.line_end == Base64Reading::LineEnd::is_skipped) return;
    if (reading_.line_end == Base64Reading::LineEnd::drops_quantum) quantum_.drop();
    end_quantum();
  }

  const std::string_view text_;
  const Base64Reading reading_;
  std::size_t left_out_;
  std::string room_;
  Quantum quantum_;
  std::size_t places_ = 0;
  bool ended_ = false;
};

}  // namespace

Base64Decoded decode_base64(std::string_view text) { return DefaultReading(text).decode(); }

std::string decode_base64(std::string_view text, const Base64Reading& reading) {
  return OtherReading(text, reading).decode();
}

}  // namespace rastel::message
