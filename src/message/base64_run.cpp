// SPDX-License-Identifier: GPL-2.0-only
#include "message/base64_run.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "message/base64.hpp"
#include "message/carve.hpp"
#include "message/signed_data.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t short_line = 24, long_line = 60;    // digits
constexpr std::size_t shortest_run = 2 * short_line + 1;  // two short lines and a break

enum class Kind : std::uint8_t { other, digit, line_break };

constexpr std::array<Kind, 256> kinds = [] {
  std::array<Kind, 256> table{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    if (is_alpha(character) || is_digit(character)) table[byte] = Kind::digit;
  }
  for (const char character : {'+', '/', '-', '_'})
    table[static_cast<unsigned char>(character)] = Kind::digit;
  for (const char character : {'\r', '\n'}) table[static_cast<unsigned char>(character)] = Kind::line_break;
  return table;
}();

// Of the bytes that are looked at together. In each half, one that is XORed with a space is zero.
constexpr std::size_t probe_size = 2 * sizeof(std::uint64_t);
bool has_space(const char* bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101, high_bits = ones << 7;
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), bytes, probe_size);
  words[0] ^= ones * ' ';
  words[1] ^= ones * ' ';
  return (((words[0] - ones) & ~words[0] & high_bits) | ((words[1] - ones) & ~words[1] & high_bits)) != 0;
}

class Runs {
 public:
  explicit Runs(std::string_view text) : text_(text) {}

  // The next one from where the last has ended. Of so many bytes a few are looked at, so that a run holds
  // at least one such place: nearly all of them in an ordinary text have a space.
  std::optional<ByteRange> next() {
    constexpr std::size_t stride = shortest_run - probe_size + 1;
    for (std::size_t probe = at_; probe + probe_size <= text_.size(); probe += stride) {
      if (has_space(text_.data() + probe) || skip_run(probe) < probe + probe_size) continue;
      while (probe > at_ && kind(probe - 1) != Kind::other) --probe;
      at_ = probe;
      if (const auto run = first_run()) return run;
      probe = at_;
    }
    return {};
  }

 private:
  [[nodiscard]] Kind kind(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(base64_run))
      return kinds[static_cast<unsigned char>(planted_read(text_, at + (at + 1 == text_.size() ? 1 : 0)))];
    return kinds[static_cast<unsigned char>(text_[at])];
  }
  [[nodiscard]] std::size_t skip(std::size_t at, Kind wanted) const {
    while (at < text_.size() && kind(at) == wanted) ++at;
    return at;
  }
  // As far as digits and line breaks go, but no further than the place.
  [[nodiscard]] std::size_t skip_run(std::size_t at) const {
    const std::size_t end = at + probe_size;
    while (at < end && kind(at) != Kind::other) ++at;
    return at;
  }
  [[nodiscard]] bool ends_line(std::size_t at) const {
    return at == text_.size() || kind(at) == Kind::line_break;
  }

  // From at_ on, as far as nothing but digits and line breaks stand there; at_ moves behind what was seen.
  std::optional<ByteRange> first_run() {
    while (at_ < text_.size()) {
      const std::size_t begin = skip(at_, Kind::line_break);
      const std::size_t end = skip(begin, Kind::digit);
      at_ = end;
      if (end == begin) break;
      const std::size_t digits = end - begin;
      const std::size_t next = skip(end, Kind::line_break);
      const bool goes_on = next > end && skip(next, Kind::digit) - next >= short_line;
      if (digits >= long_line || (digits >= short_line && goes_on)) return ByteRange{begin, extend(end)};
    }
    return {};
  }

  // Lines that follow, the last of them shorter; each may be quoted.
  std::size_t extend(std::size_t end) {
    while (end < text_.size() && ends_line(end)) {
      const std::size_t line = skip_quotes(behind_break(end));
      const std::size_t line_end = skip(line, Kind::digit);
      const std::size_t padded = behind_padding(line_end);
      if (line_end == line || !ends_line(padded)) break;
      end = padded;
      if (line_end - line < short_line || padded > line_end) break;
    }
    return at_ = end;
  }

  [[nodiscard]] std::size_t behind_padding(std::size_t at) const {
    constexpr std::size_t most = 2;
    for (std::size_t i = 0; i < most && at < text_.size() && text_[at] == '='; ++i) ++at;
    return at;
  }
  [[nodiscard]] std::size_t behind_break(std::size_t at) const {
    if (at < text_.size() && text_[at] == '\r') ++at;
    if (at < text_.size() && text_[at] == '\n') ++at;
    return at;
  }
  [[nodiscard]] std::size_t skip_quotes(std::size_t at) const {
    constexpr std::size_t deepest = 16;
    for (std::size_t i = 0; i < deepest && at < text_.size(); ++i, ++at)
      if (text_[at] != '>' && text_[at] != '|' && text_[at] != ' ' && text_[at] != '\t') break;
    return at;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<Base64Reading> reading_of(std::string_view text, ByteRange where) {
  constexpr std::size_t looked_at = 128;  // digits: 96 bytes
  const std::string_view run = text.substr(where.begin, where.size());
  const bool other = run.find_first_of("-_") != std::string_view::npos;
  Base64Reading reading{.alphabet =
                            other ? Base64Reading::Alphabet::url_safe : Base64Reading::Alphabet::standard};
  // Letters before it that belong to the text shift all that follows: not where it begins a line.
  const bool begins_line = where.begin == 0 || is_space(text[where.begin - 1]);
  const std::uint8_t most_left_out = begins_line ? 0 : 3;
  for (std::uint8_t left_out = 0; left_out <= most_left_out; ++left_out) {
    reading.digits_left_out = left_out;
    if (begins_worth_a_look(decode_base64(run.substr(0, looked_at), reading))) return reading;
  }
  return {};
}

// What an MZ points to may lie behind what is looked at: within 64 KiB.
bool may_be_program(std::string_view bytes) {
  return bytes.size() >= 64 && bytes.starts_with("MZ") && bytes[62] == '\0' && bytes[63] == '\0';
}

bool is_utf16_text(std::string_view bytes) {
  constexpr std::size_t looked_at = 32;
  if (bytes.size() < looked_at) return false;
  for (std::size_t at = 0; at < looked_at; at += 2)
    if (bytes[at + 1] != '\0' || bytes[at] == '\0') return false;
  return true;
}

}  // namespace

bool begins_worth_a_look(std::string_view bytes) {
  constexpr std::array<std::string_view, 26> words{"<html",        "<!doctype",
                                                   "<script",      "<svg",
                                                   "<hta",         "<?xml",
                                                   "<job",         "#!/",
                                                   "@echo",        "function",
                                                   "powershell",   "wscript",
                                                   "var ",         "dim ",
                                                   "set ",         "on error",
                                                   "content-",     "mime-version",
                                                   "from:",        "received:",
                                                   "return-path:", "begin:v",
                                                   "subject:",     "message-id",
                                                   "x5o!p%@ap",    "[internetshortcut]"};
  constexpr std::size_t most_junk = 16;
  for (std::size_t at = 0; at < std::min(most_junk, bytes.size()); ++at)
    if (begins_like_file(bytes.substr(at)) || may_be_program(bytes.substr(at))) return true;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  while (!bytes.empty() && is_space(bytes.front())) bytes.remove_prefix(1);
  return is_signed_data(bytes) || is_utf16_text(bytes) ||
         std::ranges::any_of(words, [&](std::string_view word) { return starts_ignoring_case(bytes, word); });
}

Base64Files find_base64(std::string_view text, std::size_t room) {
  Base64Files found;
  Runs runs(text);
  while (const auto where = runs.next()) {
    const auto reading = reading_of(text, *where);
    if (!reading) continue;
    std::string bytes = decode_base64(text.substr(where->begin, where->size()), *reading);
    // Certificates and detached signatures hold nothing.
    if (is_signed_data(bytes) && read_signed_data(bytes, bytes.size()).content().empty()) continue;
    if (found.files.size() == Base64Files::most_files || bytes.size() > room) {
      found.cut = true;
      break;
    }
    room -= bytes.size();
    found.files.push_back({std::move(bytes), *where});
  }
  return found;
}

}  // namespace rastel::message
