// SPDX-License-Identifier: GPL-2.0-only
#include "message/html_body.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/ascii.hpp"

namespace rastel::message {
namespace {

// Decoded, and for each byte where the text goes on behind it.
struct Decoded {
  std::string bytes;
  std::vector<std::size_t> behind;
};

// Behind a soft line break (RFC 2045 6.7 (5)) whose `=` stands at `at`, or `at`: there is none.
std::size_t past_soft_break(std::string_view text, std::size_t at) {
  std::size_t next = at + 1;
  while (next < text.size() && (text[next] == ' ' || text[next] == '\t')) ++next;
  if (next < text.size() && text[next] == '\r') ++next;
  return next < text.size() && text[next] == '\n' ? next + 1 : at;
}

Decoded decoded(std::string_view text, HtmlEncoding encoding) {
  Decoded result;
  const auto put = [&](char byte, std::size_t behind) {
    result.bytes += byte;
    result.behind.push_back(behind);
  };
  for (std::size_t at = 0; at < text.size();) {
    if (encoding == HtmlEncoding::quoted_printable && text[at] == '=') {
      const int high = at + 2 < text.size() ? hexadecimal(text[at + 1]) : -1;
      const int low = high >= 0 ? hexadecimal(text[at + 2]) : -1;
      if (low >= 0) {
        at += 3;
        put(static_cast<char>(high * 16 + low), at);
        continue;
      }
      if (const std::size_t next = past_soft_break(text, at); next > at) {
        at = next;
        continue;
      }
    }
    ++at;
    put(text[at - 1], at);
  }
  return result;
}

// The few rules of HTML's tokeniser that tell where a tag ends and where there are none.
class TagReader {
 public:
  explicit TagReader(std::string_view html) : html_(html) {}

  // Behind the tag; npos: there is none.
  std::size_t find_body() {
    while ((at_ = html_.find('<', at_)) != std::string_view::npos) {
      const std::string_view rest = html_.substr(at_);
      if (rest.starts_with("<!--")) {
        if (!pass("-->", at_ + 4)) break;
        continue;
      }
      const std::size_t name = at_ + 1;
      std::size_t end = name;
      while (end < html_.size() && (is_alpha(html_[end]) || is_digit(html_[end]))) ++end;
      if (end == name || !is_alpha(html_[name])) {
        ++at_;
        continue;
      }
      const std::string_view tag = html_.substr(name, end - name);
      if (!pass_attributes(end)) break;
      if (equal_ignoring_case(tag, "body")) return at_;
      if (is_raw(tag) && !pass_raw(tag)) break;
    }
    return std::string_view::npos;
  }

 private:
  bool pass(std::string_view end, std::size_t from) {
    const std::size_t found = html_.find(end, from);
    at_ = found == std::string_view::npos ? html_.size() : found + end.size();
    return found != std::string_view::npos;
  }

  // Behind the `>`. A quote encloses only what it begins the value with.
  bool pass_attributes(std::size_t from) {
    bool value_begins = false;
    for (at_ = from; at_ < html_.size(); ++at_) {
      const char byte = html_[at_];
      if (byte == '>') {
        ++at_;
        return true;
      }
      if (value_begins && (byte == '"' || byte == '\'')) {
        at_ = html_.find(byte, at_ + 1);
        if (at_ == std::string_view::npos) return false;
      }
      const bool is_space = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == '\f';
      value_begins = byte == '=' || (value_begins && is_space);
    }
    return false;
  }

  static bool is_raw(std::string_view tag) {
    constexpr std::array<std::string_view, 4> raw{"script", "style", "title", "textarea"};
    return std::ranges::any_of(raw, [&](std::string_view one) { return equal_ignoring_case(tag, one); });
  }

  bool pass_raw(std::string_view tag) {
    for (;;) {
      if (!pass("</", at_)) return false;
      if (starts_ignoring_case(html_.substr(at_), tag)) return true;
    }
  }

  const std::string_view html_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::size_t> behind_body_tag(std::string_view text, HtmlEncoding encoding) {
  const Decoded html = decoded(text.substr(0, html_look), encoding);
  const std::size_t found = TagReader(html.bytes).find_body();
  if (found == std::string_view::npos) return {};
  return html.behind[found - 1];
}

}  // namespace rastel::message
