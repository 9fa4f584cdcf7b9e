// SPDX-License-Identifier: GPL-2.0-only
#include "message/header_block.hpp"

#include <algorithm>
#include <array>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/known_fields.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t longest_line = 998;  // RFC 5322 2.1.1, without the break

// What a name is made of (RFC 5322 2.2: printable US-ASCII but the colon), and bytes above 127, which RFC
// 6532 leaves out of names and some programs take.
bool is_name_byte(char byte) {
  return byte != ':' && byte != '\x7f' && static_cast<unsigned char>(byte) > ' ';
}

bool is_blank(std::string_view line) {
  return std::ranges::all_of(line, [](char byte) { return is_white(byte); });
}

constexpr std::array<std::string_view, 3> identities{"7bit", "8bit", "binary"};  // RFC 2045 6.2

// Fields in which people write what they like, and about mail, too. Nobody takes what such a line is folded
// into for a field or for the end of the header, as some do behind a line that is broken itself.
bool holds_free_text(std::string_view name) {
  constexpr std::array<std::string_view, 4> names{"subject", "comments", "thread-topic",
                                                  "content-description"};
  return std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(name, one); });
}

bool is_mbox_line(std::string_view line) { return line.starts_with("From ") || line.starts_with(">From "); }

class HeaderReader {
 public:
  HeaderReader(std::string_view text, const HeaderLimits& limits, HeaderBlock& block)
      : text_(text), limits_(limits), block_(block) {}

  void read() {
    const std::size_t first = is_mbox_line(text_) ? line_at(text_, 0).next : 0;
    const std::size_t body = read_fields(first, block_.fields);
    block_.ended_by_carriage_returns = ended_by_carriage_returns_;
    std::erase(block_.bodies, body);
    block_.bodies.insert(block_.bodies.begin(), body);
  }

  void read_on() {
    constexpr int most_headers = 4;
    std::size_t at = block_.bodies.front();
    ended_by_carriage_returns_ = block_.ended_by_carriage_returns;
    for (int again = 0; again < most_headers && !block_.cut; ++again) {
      const Line line = line_at(text_, at);
      const bool looks_like_header = lenient_field(content(line)).has_value();
      if (!looks_like_header && !ended_by_carriage_returns_) break;
      const Oddities before = block_.oddities;
      const std::size_t known = block_.doubtful.size();
      if (looks_like_header) note(Ambiguity::header_like_body, line);
      at = read_fields(at, block_.doubtful);
      add_body(at);
      if (looks_like_header && !block_.cut && !hides_something(known)) block_.oddities = before;
    }
  }

 private:
  using Fields = std::vector<HeaderField>;

  [[nodiscard]] std::string_view content(const Line& line) const {
    return text_.substr(line.begin, line.end - line.begin);
  }

  // Whether the doubtful fields from here on make other bytes of the body. A text may begin with a word about
  // its type: who mails about mail does that, and programs that end their header too early.
  [[nodiscard]] bool hides_something(std::size_t from) const {
    for (std::size_t at = from; at < block_.doubtful.size(); ++at) {
      const HeaderField& field = block_.doubtful[at];
      const std::string_view value = text_.substr(field.value.begin, field.value.size());
      const std::string_view word = trim(value);
      if (field.known == KnownField::content_transfer_encoding &&
          std::ranges::none_of(identities,
                               [&](std::string_view one) { return equal_ignoring_case(word, one); }))
        return true;
      if (field.known == KnownField::content_type &&
          (find_ignoring_case(value, "multipart") != std::string_view::npos ||
           find_ignoring_case(value, "message") != std::string_view::npos))
        return true;
    }
    return false;
  }

  void note(Ambiguity flag, const Line& line) { block_.oddities.add(flag, {line.begin, line.end}); }

  void add_body(std::size_t at) {
    if (std::ranges::find(block_.bodies, at) != block_.bodies.end()) return;
    if (block_.bodies.size() + 1 < HeaderBlock::most_bodies)
      block_.bodies.push_back(at);
    else
      cut_at(at);
  }

  void cut_at(std::size_t at) {
    block_.cut = true;
    block_.oddities.add(Ambiguity::limit_header, {at, at});
  }

  bool is_full(std::size_t at) {
    if (block_.fields.size() + block_.doubtful.size() >= limits_.fields || at >= limits_.bytes) cut_at(at);
    return block_.cut;
  }

  // From `at` to the end of a header, which begins anew there. Returns where the body begins.
  std::size_t read_fields(std::size_t at, Fields& fields) {
    open_ = nullptr;
    in_free_text_ = false;
    ended_by_carriage_returns_ = false;
    while (at < text_.size() && !is_full(at)) {
      const Line line = line_at(text_, at);
      const std::string_view bytes = content(line);
      if (bytes.empty()) return line.next;
      ended_by_carriage_returns_ = bytes.find_first_not_of('\r') == std::string_view::npos;
      if (ended_by_carriage_returns_) {
        note(Ambiguity::bare_cr, line);
        return line.next;
      }
      const bool folded = is_white(bytes.front());
      if (!folded) open_doubtful_ = block_.doubtful.size();
      look_at_bytes(line);
      if (folded)
        continue_field(line);
      else if (!begin_field(line, fields))
        pass_junk(line);
      at = line.next;
    }
    return at;
  }

  void look_at_bytes(const Line& line) {
    const std::string_view bytes = content(line);
    if (bytes.size() > longest_line) note(Ambiguity::long_header_line, line);
    bool carriage_return = false, nul = false, control = false, high = false;
    for (const char byte : bytes) {
      const auto value = static_cast<unsigned char>(byte);
      carriage_return |= byte == '\r';
      nul |= byte == '\0';
      control |= (value < ' ' && byte != '\t' && byte != '\r' && byte != '\0') || byte == '\x7f';
      high |= value > 127;
    }
    if (nul) note(Ambiguity::nul_in_header, line);
    if (control) note(Ambiguity::control_in_header, line);
    if (high) note(Ambiguity::raw_8bit_header, line);
    if (line.ended()) {
      const bool by_crlf = line.next - line.end == 2;
      if (by_crlf ? by_feed_ : by_crlf_) note(Ambiguity::mixed_line_ends, line);
      (by_crlf ? by_crlf_ : by_feed_) = true;
    }
    if (carriage_return) split_at_carriage_returns(line);
  }

  // To those who take a lone CR for a line break, what stands behind it is a line.
  void split_at_carriage_returns(const Line& line) {
    note(Ambiguity::bare_cr, line);
    const std::string_view up_to_its_end = text_.substr(0, line.end);
    for (std::size_t begin = up_to_its_end.find('\r', line.begin) + 1;
         begin <= line.end && !is_full(begin);) {
      const std::size_t end = std::min(up_to_its_end.find('\r', begin), line.end);
      open_doubtful_ = block_.doubtful.size();
      if (end == begin)
        add_body(begin < line.end ? begin + 1 : line.next);
      else if (const Line piece{begin, end, end}; !begin_field(piece, block_.doubtful))
        add_lenient(piece, 0);
      begin = end + 1;
    }
  }

  bool begin_field(const Line& line, Fields& fields) {
    const std::string_view bytes = content(line);
    std::size_t name = 0;
    while (name < bytes.size() && is_name_byte(byte_of_name(bytes, name))) ++name;
    std::size_t colon = name;
    while (colon < bytes.size() && is_white(bytes[colon])) ++colon;
    if (name == 0 || colon == bytes.size() || bytes[colon] != ':') return false;
    if (colon > name) note(Ambiguity::white_before_colon, line);
    in_free_text_ = colon == name && holds_free_text(bytes.substr(0, name));
    const std::size_t value = colon + 1;
    fields.push_back({known_field(bytes.substr(0, name)),
                      {line.begin, line.begin + name},
                      {line.begin + value, line.end},
                      line.next});
    if (&fields != &block_.doubtful) open_ = &block_.fields.back();
    add_lenient(line, fields.back().known == KnownField::other ? 0 : value);
    return true;
  }

  static char byte_of_name(std::string_view bytes, std::size_t at) {
    if constexpr (RASTEL_PLANTED(header_block)) return planted_read(bytes, at + at / 64);
    return bytes[at];
  }

  void continue_field(const Line& line) {
    const bool belongs_to_none = open_ == nullptr && open_doubtful_ == block_.doubtful.size();
    if (is_blank(content(line))) {
      const bool goes_on = line.next < text_.size() && is_white(text_[line.next]);
      if (!in_free_text_ || !goes_on) note(Ambiguity::white_header_line, line);
      add_body(line.next);
    } else if (belongs_to_none) {
      note(Ambiguity::white_before_name, line);
    }
    if (open_ != nullptr) extend(*open_, line);
    for (std::size_t i = open_doubtful_; i < block_.doubtful.size(); ++i) extend(block_.doubtful[i], line);
    if (!in_free_text_ && add_lenient(line, 0) && !belongs_to_none)
      note(Ambiguity::header_in_continuation, line);
  }

  static void extend(HeaderField& field, const Line& line) {
    field.value.end = line.end;
    field.end = line.next;
  }

  void pass_junk(const Line& line) {
    note(Ambiguity::junk_in_header, line);
    add_body(line.begin);
    open_ = nullptr;
    in_free_text_ = false;
    add_lenient(line, 0);
  }

  // The MIME field that a lenient eye sees in this line, unless it is the one that begins its value there.
  bool add_lenient(const Line& line, std::size_t value) {
    const std::string_view bytes = content(line);
    const auto seen = lenient_field(bytes);
    if (!seen || is_full(line.begin)) return false;
    while (value < seen->value_begin && value > 0 && is_white(bytes[value])) ++value;
    if (value == seen->value_begin) return false;
    block_.doubtful.push_back({seen->field,
                               {line.begin + seen->name_begin, line.begin + seen->name_end},
                               {line.begin + seen->value_begin, line.end},
                               line.next});
    note(Ambiguity::bad_header_syntax, line);
    return true;
  }

  const std::string_view text_;
  const HeaderLimits& limits_;
  HeaderBlock& block_;
  HeaderField* open_ = nullptr;    // of the default reading: what a folded line continues
  bool in_free_text_ = false;      // the line that is folded: holds_free_text()
  std::size_t open_doubtful_ = 0;  // and from here on, of `doubtful`
  bool ended_by_carriage_returns_ = false;
  bool by_crlf_ = false;  // lines that ended so
  bool by_feed_ = false;
};

}  // namespace

HeaderBlock read_header(std::string_view entity, const HeaderLimits& limits) {
  HeaderBlock block;
  HeaderReader(entity, limits, block).read();
  return block;
}

void read_on(std::string_view entity, HeaderBlock& block, const HeaderLimits& limits) {
  HeaderReader(entity, limits, block).read_on();
}

}  // namespace rastel::message
