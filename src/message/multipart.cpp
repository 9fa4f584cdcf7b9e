// SPDX-License-Identifier: GPL-2.0-only
#include "message/multipart.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/known_fields.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

constexpr std::size_t longest_discovered = 256;  // bytes of a delimiter that nobody declared

constexpr std::size_t most_discovered = 32;  // of them, different ones

enum class Match : std::uint8_t { none, prefix, exact, close };

// A line that begins with two hyphens.
struct Delimiter {
  std::size_t before = 0;  // where the line break before it begins
  std::size_t begin = 0;   // of the hyphens
  std::size_t end = 0;     // of the line
  std::size_t next = 0;
  bool discovered = false;
  std::size_t boundary = 0;  // of the best match
  Match match = Match::none;
};

// Without white space and CRs at its end.
std::string_view bare(std::string_view text) {
  while (!text.empty() && (is_white(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// `line`: behind the hyphens.
Match match(std::string_view line, std::string_view boundary) {
  const std::string_view own = bare(line);
  const std::string_view wanted = bare(boundary);
  if (line == boundary || own == wanted) return Match::exact;
  if (own.size() >= wanted.size() + 2 && own.starts_with(wanted) && own.ends_with("--") &&
      bare(own.substr(wanted.size(), own.size() - wanted.size() - 2)).empty())
    return Match::close;
  const bool begins = !boundary.empty() && line.size() >= boundary.size() &&
                      equal_ignoring_case(line.substr(0, boundary.size()), boundary);
  return begins ? Match::prefix : Match::none;
}

class Splitter {
 public:
  Splitter(std::string_view body, const std::vector<std::string>& boundaries, const MultipartLimits& limits)
      : body_(body), boundaries_(boundaries), limits_(limits) {}

  Multipart split() {
    find_delimiters();
    for (std::size_t boundary = 0; boundary < boundaries_.size(); ++boundary)
      take(boundary == 0 ? Splitting::declared : Splitting::other,
           [&](const Delimiter& one) { return one.boundary == boundary && one.match >= Match::exact; });
    const bool declared_is_used = std::ranges::any_of(
        delimiters_, [](const Delimiter& one) { return one.boundary == 0 && one.match >= Match::exact; });
    if (!boundaries_.empty() && !declared_is_used) note(Ambiguity::boundary_unused, {0, 0});
    look_behind_close();
    look_at_prefixes();
    look_at_discovered(declared_is_used);
    look_at_headers_that_go_on();
    return std::move(result_);
  }

 private:
  void note(Ambiguity flag, ByteRange where) { result_.oddities.add(flag, where); }

  void find_delimiters() {
    const char* const text = body_.data();
    for (std::size_t at = 0; at + 1 < body_.size();) {
      const void* const found = std::memchr(text + at, '-', body_.size() - 1 - at);
      if (found == nullptr) return;
      at = static_cast<std::size_t>(static_cast<const char*>(found) - text);
      const bool at_line = at == 0 || byte_before(at) == '\n' || byte_before(at) == '\r';
      if (!at_line || text[at + 1] != '-') {
        ++at;
        continue;
      }
      const Line line = line_at(body_, at);
      if (!add(line)) return;
      at = line.next;
    }
  }

  [[nodiscard]] char byte_before(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(multipart)) return planted_read(body_, at - (at == 1 ? 3 : 1));
    return body_[at - 1];
  }

  // False: no more of them.
  bool add(const Line& line) {
    Delimiter delimiter;
    delimiter.begin = line.begin;
    delimiter.end = line.end;
    delimiter.next = line.next;
    delimiter.before = line.begin;
    if (delimiter.before > 0 && body_[delimiter.before - 1] == '\n') --delimiter.before;
    if (delimiter.before > 0 && body_[delimiter.before - 1] == '\r') --delimiter.before;
    const std::string_view token = body_.substr(line.begin + 2, line.end - line.begin - 2);
    for (std::size_t number = 0; number < boundaries_.size(); ++number) {
      const Match found = match(token, boundaries_[number]);
      if (found <= delimiter.match) continue;
      delimiter.match = found;
      delimiter.boundary = number;
    }
    look_at_carriage_returns(token, delimiter);
    delimiter.discovered =
        token.size() <= longest_discovered && (header_follows(delimiter.next) || was_discovered(token));
    if (delimiter.match == Match::none && !delimiter.discovered) return true;
    if (delimiters_.size() == limits_.delimiters) {
      note(Ambiguity::limit_parts, {line.begin, line.end});
      result_.cut = true;
      return false;
    }
    delimiters_.push_back(delimiter);
    if (delimiter.match == Match::none && discovered_.size() < most_discovered && !was_discovered(token))
      discovered_.push_back(token);
    return true;
  }

  // A lone CR before a delimiter or behind it breaks lines for some only.
  void look_at_carriage_returns(std::string_view token, Delimiter& delimiter) {
    const bool before = delimiter.begin > 0 && body_[delimiter.begin - 1] == '\r';
    const std::size_t behind = token.find('\r');
    if (behind != std::string_view::npos && delimiter.match < Match::exact)
      for (std::size_t number = 0; number < boundaries_.size(); ++number) {
        if (match(token.substr(0, behind), boundaries_[number]) < Match::exact) continue;
        delimiter.match = Match::exact;
        delimiter.boundary = number;
        delimiter.end = delimiter.begin + 2 + behind;
        delimiter.next = delimiter.end + 1;
      }
    if (delimiter.match < Match::exact || (!before && behind == std::string_view::npos)) return;
    note(Ambiguity::bare_cr, {delimiter.begin - (before ? 1 : 0), delimiter.end});
    delimiter.match = Match::prefix;
  }

  [[nodiscard]] bool header_follows(std::size_t at) const {
    const Line line = line_at(body_, at);
    return lenient_field(body_.substr(line.begin, line.end - line.begin)).has_value();
  }

  // A line like a discovered one, or its closing one.
  [[nodiscard]] bool was_discovered(std::string_view token) const {
    return std::ranges::any_of(discovered_,
                               [&](std::string_view known) { return match(token, known) >= Match::exact; });
  }

  // Takes the parts between the delimiters that `belongs` names; the rest is text to this reading.
  template <class Belongs>
  void take(Splitting splitting, Belongs belongs) {
    const Delimiter* open = nullptr;
    bool begun = false, closed = false;
    for (const Delimiter& one : delimiters_) {
      if (!belongs(one)) continue;
      const bool closes = one.match == Match::close && splitting <= Splitting::other;
      if (open != nullptr)
        put({open->next, std::max(open->next, one.before)}, PartRange::Kind::part, splitting);
      else if (!begun && one.before > 0)
        put({0, one.before}, PartRange::Kind::preamble, splitting);
      begun = true;
      open = &one;
      if (!closes) continue;
      put({one.next, body_.size()}, PartRange::Kind::epilogue, splitting);
      closed = true;
      break;
    }
    if (open == nullptr || closed) return;
    if (splitting == Splitting::declared) note(Ambiguity::no_close_delimiter, {open->begin, open->end});
    put({open->next, body_.size()}, PartRange::Kind::part, splitting);
  }

  void put(ByteRange bytes, PartRange::Kind kind, Splitting splitting) {
    const bool counts = kind == PartRange::Kind::part && splitting == Splitting::declared;
    if (bytes.size() == 0 && !counts) return;
    const std::uint64_t key = static_cast<std::uint64_t>(bytes.begin) << 32 ^ bytes.end;
    if (known_.insert(key).second) result_.parts.push_back({bytes, kind, splitting});
  }

  // Programs that close twice, with nothing in between, are honest: nobody reads that in another way.
  [[nodiscard]] bool repeats(const Delimiter& close, const Delimiter& behind) const {
    const std::size_t size = std::max(close.next, behind.begin) - close.next;
    return behind.match == Match::close &&
           body_.substr(close.next, size).find_first_not_of(" \t\r\n") == std::string_view::npos;
  }

  void look_behind_close() {
    for (std::size_t boundary = 0; boundary < boundaries_.size(); ++boundary) {
      const Delimiter* close = nullptr;
      const Delimiter* behind = nullptr;
      bool closed_again = false;
      for (const Delimiter& one : delimiters_) {
        if (one.boundary != boundary || one.match < Match::exact || behind != nullptr) continue;
        if (close != nullptr && repeats(*close, one))
          closed_again = true;
        else if (close != nullptr)
          behind = &one;
        if (one.match == Match::close) close = &one;
      }
      if (behind == nullptr && closed_again && header_follows(close->next)) behind = close;
      if (behind != nullptr) note(Ambiguity::parts_after_close, {behind->begin, behind->end});
      if (behind != nullptr || closed_again)
        take(Splitting::behind_close,
             [&](const Delimiter& one) { return one.boundary == boundary && one.match >= Match::exact; });
    }
  }

  void look_at_prefixes() {
    const auto found = std::ranges::find(delimiters_, Match::prefix, &Delimiter::match);
    if (found == delimiters_.end()) return;
    note(Ambiguity::boundary_prefix, {found->begin, found->end});
    take(Splitting::prefix, [](const Delimiter& one) { return one.match != Match::none; });
  }

  void look_at_discovered(bool declared_is_used) {
    const auto is_undeclared = [](const Delimiter& one) { return one.match == Match::none; };
    const auto found = std::ranges::find_if(delimiters_, is_undeclared);
    if (found == delimiters_.end()) return;
    // A multipart within this one has delimiters of its own, and its parts read them: here they are a doubt
    // only where no declared one is.
    if (declared_is_used) return look_outside_declared();
    note(Ambiguity::undeclared_delimiter, {found->begin, found->end});
    take(Splitting::discovered, [](const Delimiter&) { return true; });
  }

  // Preamble and epilogue are parted by what stands in them; nothing within this multipart declares that.
  void look_outside_declared() {
    const auto belongs = [](const Delimiter& one) { return one.boundary == 0 && one.match >= Match::exact; };
    const auto first = std::ranges::find_if(delimiters_, belongs);
    const auto close = std::find_if(first, delimiters_.end(), [&](const Delimiter& one) {
      return belongs(one) && one.match == Match::close;
    });
    take_discovered({0, first->before});
    if (close != delimiters_.end()) take_discovered({close->next, body_.size()});
  }

  void take_discovered(ByteRange range) {
    const Delimiter* open = nullptr;
    for (const Delimiter& one : delimiters_) {
      if (one.begin < range.begin || one.begin >= range.end || !one.discovered) continue;
      if (open != nullptr)
        put({open->next, std::max(open->next, one.before)}, PartRange::Kind::part, Splitting::discovered);
      open = &one;
    }
    if (open != nullptr)
      put({open->next, std::max(open->next, range.end)}, PartRange::Kind::part, Splitting::discovered);
  }

  // Some take no line within a header for a delimiter: such a part, if it says how it is encoded but has no
  // body, goes on with the next one.
  void look_at_headers_that_go_on() {
    const std::size_t count = result_.parts.size();
    std::optional<std::size_t> begin;
    for (std::size_t number = 0; number < count; ++number) {
      const PartRange part = result_.parts[number];
      if (part.kind != PartRange::Kind::part || part.splitting != Splitting::declared) continue;
      const Header header = header_of(part.bytes);
      if (!header.has_body && header.says_encoding && !begin) begin = part.bytes.begin;
      if (!header.has_body) continue;
      if (begin) put({*begin, part.bytes.end}, PartRange::Kind::part, Splitting::one_header);
      begin.reset();
    }
  }

  struct Header {
    bool has_body = false;
    bool says_encoding = false;  // another than none
  };

  [[nodiscard]] Header header_of(ByteRange range) const {
    const std::string_view text = body_.substr(range.begin, range.size());
    // The last line break belongs to the delimiter: one more is a blank line.
    Header header{.has_body = text.ends_with('\n')};
    for (std::size_t at = 0; at < text.size() && !header.has_body;) {
      const Line line = line_at(text, at);
      header.has_body = header.has_body || line.begin == line.end;
      at = line.next;
      while (at < text.size() && is_white(text[at])) at = line_at(text, at).next;  // folded
      const std::string_view content = text.substr(line.begin, at - line.begin);
      const auto field = lenient_field(content);
      if (!field || field->field != KnownField::content_transfer_encoding) continue;
      const std::string_view value = content.substr(field->value_begin);
      const auto holds = [&](std::string_view word) { return find_ignoring_case(value, word) != value.npos; };
      header.says_encoding = header.says_encoding || !(holds("bit") || holds("binary"));
    }
    return header;
  }

  const std::string_view body_;
  const std::vector<std::string>& boundaries_;
  const MultipartLimits& limits_;
  std::vector<Delimiter> delimiters_;
  std::vector<std::string_view> discovered_;  // what stands behind their hyphens
  std::unordered_set<std::uint64_t> known_;
  Multipart result_;
};

}  // namespace

std::string_view to_string(Splitting splitting) {
  switch (splitting) {
    case Splitting::declared:
      return "declared";
    case Splitting::other:
      return "boundary";
    case Splitting::behind_close:
      return "behind-close";
    case Splitting::prefix:
      return "prefix";
    case Splitting::discovered:
      return "discovered";
    case Splitting::one_header:
      return "one-header";
  }
  return "declared";
}

Multipart split_multipart(std::string_view body, const std::vector<std::string>& boundaries,
                          const MultipartLimits& limits) {
  return Splitter(body, boundaries, limits).split();
}

}  // namespace rastel::message
