// SPDX-License-Identifier: GPL-2.0-only
#include "message/calendar.hpp"

#include <algorithm>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/base64.hpp"
#include "message/data_uri.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

// Without the line breaks of folding (RFC 5545 3.1).
std::string unfolded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const Line line = line_at(text, at);
    const bool is_fold = at > 0 && line.begin < line.end && is_white(text[line.begin]);
    const std::size_t begin = line.begin + (is_fold ? 1 : 0);
    result += text.substr(begin, line.end - begin);
    at = line.next;
  }
  return result;
}

// The end of a property that begins at `at`: lines that begin with white space belong to it.
std::size_t end_of_property(std::string_view text, std::size_t at) {
  std::size_t end = line_at(text, at).next;
  const auto folded = [&] {
    if constexpr (RASTEL_PLANTED(calendar)) return is_white(planted_read(text, end));
    return end < text.size() && is_white(text[end]);
  };
  while (folded()) end = line_at(text, end).next;
  return end;
}

bool is_base64_line(std::string_view line) {
  return !line.empty() && std::ranges::all_of(line, [](char byte) {
    return is_alpha(byte) || is_digit(byte) || byte == '+' || byte == '/' || byte == '=';
  });
}

// vCard 2.1 knows base64 in lines that aren't folded, up to an empty one.
std::size_t end_of_base64(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const Line line = line_at(text, at);
    if (!is_base64_line(text.substr(line.begin, line.end - line.begin))) break;
    at = line.next;
  }
  return at;
}

std::size_t find_outside_quotes(std::string_view text, char wanted) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == wanted && !quoted) return at;
  }
  return std::string_view::npos;
}

std::string_view without_quotes(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  return value.substr(1, value.size() - 2);
}

struct Head {
  bool is_base64 = false;
  std::string type;
  std::vector<std::string> names;
};

// Name and parameters, up to the colon.
Head read_head(std::string_view text) {
  Head head;
  while (!text.empty()) {
    const std::size_t end = std::min(find_outside_quotes(text, ';'), text.size());
    const std::string_view parameter = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view key = trim(parameter.substr(0, equals));
    const std::string_view value =
        without_quotes(trim(parameter.substr(std::min(equals + 1, parameter.size()))));
    const auto says = [&](std::string_view name, std::string_view wanted) {
      return equal_ignoring_case(key, name) && equal_ignoring_case(value, wanted);
    };
    // vCard 2.1 lets a parameter's name be left out.
    if (says("encoding", "base64") || says("encoding", "b") || says("value", "binary") || says("base64", ""))
      head.is_base64 = true;
    if (equal_ignoring_case(key, "fmttype")) head.type = lower(value);
    constexpr std::string_view name_key = "filename";
    if (key.size() >= name_key.size() &&
        equal_ignoring_case(key.substr(key.size() - name_key.size()), name_key))
      head.names.emplace_back(value);
  }
  return head;
}

class Finder {
 public:
  Finder(std::string_view text, std::size_t room) : text_(text), room_(room) {}

  FilesInText find() {
    for (std::size_t at = 0; at < text_.size() && !found_.cut;) {
      const std::size_t end = end_of_property(text_, at);
      at = read_property({at, end});
    }
    return std::move(found_);
  }

 private:
  // Returns where it ends.
  std::size_t read_property(ByteRange where) {
    const std::string start =
        unfolded(text_.substr(where.begin, std::min(where.size(), longest_calendar_head)));
    const std::size_t colon = find_outside_quotes(start, ':');
    if (colon == std::string::npos || colon == 0) return where.end;
    Head head = read_head(std::string_view(start).substr(0, colon));
    const std::string_view value_start = trim(std::string_view(start).substr(colon + 1));
    const bool is_address = starts_ignoring_case(value_start, "data:");
    if (!head.is_base64 && !is_address) return where.end;
    if (!is_address) where.end = end_of_base64(text_, where.end);
    const std::string all = unfolded(text_.substr(where.begin, where.size()));
    const std::string_view value = std::string_view(all).substr(colon + 1);
    if (is_address) {
      FilesInText uris = find_data_uris(value, room_);
      found_.cut = found_.cut || uris.cut;
      for (FileInText& uri : uris.files) {
        uri.names.insert(uri.names.end(), head.names.begin(), head.names.end());
        uri.where = where;
        found_.add(std::move(uri), room_);
      }
    } else {
      found_.add({std::move(head.type), decode_base64(value).bytes, std::move(head.names), where}, room_);
    }
    return where.end;
  }

  const std::string_view text_;
  std::size_t room_;
  FilesInText found_;
};

}  // namespace

bool is_calendar(std::string_view text) {
  constexpr std::size_t most_white = 64;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::size_t at = 0;
  while (at < std::min(text.size(), most_white) &&
         (text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r')))
    ++at;
  text.remove_prefix(at);
  return starts_ignoring_case(text, "begin:vcalendar") || starts_ignoring_case(text, "begin:vcard");
}

FilesInText find_calendar_files(std::string_view text, std::size_t room) { return Finder(text, room).find(); }

}  // namespace rastel::message
