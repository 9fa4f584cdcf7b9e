// SPDX-License-Identifier: GPL-2.0-only
#include "message/structured_value.hpp"

#include <algorithm>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

class ValueReader {
 public:
  // `text` has no comments any more.
  explicit ValueReader(std::string_view text) : text_(text) {}

  StructuredValue read() {
    read_word();
    while (at_ < text_.size() && result_.parameters.size() < StructuredValue::most_parameters)
      read_parameter();
    if (at_ < text_.size()) note(Ambiguity::limit_header, at_);
    return std::move(result_);
  }

 private:
  void note(Ambiguity flag, std::size_t begin) { result_.oddities.add(flag, {begin, std::max(at_, begin)}); }

  [[nodiscard]] bool is_at(std::string_view any) const {
    return at_ < text_.size() && any.find(text_[at_]) != std::string_view::npos;
  }

  void pass_white() {
    while (at_ < text_.size() && is_white(text_[at_])) ++at_;
  }

  // "multipart/mixed", also with white space about the slash; it ends at a separator or at white space that a
  // parameter follows.
  void read_word() {
    pass_white();
    while (at_ < text_.size() && !is_at(";,")) {
      if (is_white(text_[at_])) {
        const std::size_t before = at_;
        pass_white();
        const bool slash = is_at("/") || (!result_.word.empty() && result_.word.back() == '/');
        if (slash || at_ == text_.size() || is_at(";,")) continue;
        at_ = before;
        note(Ambiguity::bad_parameter_syntax, before);
        return;
      }
      result_.word += to_lower(text_[at_++]);
    }
  }

  void read_parameter() {
    const std::size_t begin = at_;
    std::size_t separators = 0;
    bool comma = false;
    while (is_at(";, \t")) {
      if (!is_white(text_[at_])) ++separators;
      comma = comma || text_[at_] == ',';
      ++at_;
    }
    if (at_ == text_.size()) return;
    if (separators != 1 || comma) note(Ambiguity::bad_parameter_syntax, begin);
    const std::size_t name_begin = at_;
    while (at_ < text_.size() && !is_at("=;,")) ++at_;
    std::size_t name_end = at_;
    while (name_end > name_begin && is_white(text_[name_end - 1])) --name_end;
    std::string name = lower(text_.substr(name_begin, name_end - name_begin));
    if (!is_at("=")) return note(Ambiguity::bad_parameter_syntax, name_begin);
    ++at_;
    const std::size_t value_begin = at_;
    pass_white();
    if (at_ > value_begin || name_end < value_begin - 1) note(Ambiguity::white_around_equals, name_end);
    result_.parameters.push_back({std::move(name), is_at("\"") ? quoted() : token()});
  }

  std::string quoted() {
    const std::size_t begin = at_++;
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += byte_at(at_++);
    }
    if (at_ == text_.size()) {
      note(Ambiguity::bad_quoting, begin);
      return value;
    }
    ++at_;
    if (at_ < text_.size() && !is_at(";, \t")) note(Ambiguity::bad_quoting, begin);
    while (at_ < text_.size() && !is_at(";, \t")) ++at_;
    return value;
  }

  // RFC 2045 ends it at white space; file names with spaces that nobody quoted are common, so what follows up
  // to the separator belongs to it unless it is a parameter of its own.
  std::string token() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_at(";")) {
      if (is_at("\"")) note(Ambiguity::bad_quoting, begin);
      if (!is_white(text_[at_])) {
        ++at_;
        continue;
      }
      if (parameter_follows()) break;
      pass_white();
    }
    std::size_t end = at_;
    while (end > begin && is_white(text_[end - 1])) --end;
    return std::string(text_.substr(begin, end - begin));
  }

  // At white space: whether "name=" comes next. Looks no farther than the white space behind that.
  [[nodiscard]] bool parameter_follows() const {
    std::size_t next = at_;
    while (next < text_.size() && is_white(text_[next])) ++next;
    const std::size_t begin = next;
    while (next < text_.size() && text_[next] != ';' && text_[next] != '=' && !is_white(text_[next])) ++next;
    return next > begin && next < text_.size() && text_[next] == '=';
  }

  [[nodiscard]] char byte_at(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(structured_value))
      return planted_read(text_, at + (at + 1 == text_.size() ? 1 : 0));
    return text_[at];
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  StructuredValue result_;
};

}  // namespace

const std::string* StructuredValue::find(std::string_view name) const {
  for (const Parameter& parameter : parameters)
    if (parameter.name == name) return &parameter.value;
  return nullptr;
}

std::string unfold(std::string_view value) {
  std::string result;
  result.reserve(value.size());
  for (std::size_t at = 0; at < value.size();) {
    const Line line = line_at(value, at);
    result.append(value, line.begin, line.end - line.begin);
    at = line.next;
  }
  return result;
}

std::string without_comments(std::string_view unfolded) {
  if (unfolded.find('(') == std::string_view::npos) return std::string(unfolded);
  std::string result;
  result.reserve(unfolded.size());
  bool quoted = false;
  std::size_t depth = 0;
  std::size_t comment = 0;  // where the outermost one began, in `unfolded`
  for (std::size_t at = 0; at < unfolded.size(); ++at) {
    const char byte = unfolded[at];
    const bool pair = byte == '\\' && at + 1 < unfolded.size();
    if (depth == 0 && (quoted || byte != '(')) {
      if (byte == '"') quoted = !quoted;
      result += byte;
      if (pair) result += unfolded[++at];
      continue;
    }
    if (pair) {
      ++at;
    } else if (byte == '(') {
      if (depth++ == 0) comment = at;
    } else if (byte == ')') {
      --depth;
    }
  }
  if (depth > 0) result.append(unfolded, comment);
  return result;
}

StructuredValue read_structured_value(std::string_view unfolded) {
  const std::string bare = without_comments(unfolded);
  StructuredValue value = ValueReader(bare).read();
  if (bare.size() != unfolded.size())
    value.oddities.add(Ambiguity::comment_in_mime_header, {0, unfolded.size()});
  return value;
}

}  // namespace rastel::message
