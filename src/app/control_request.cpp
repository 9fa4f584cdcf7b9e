// SPDX-License-Identifier: GPL-2.0-only
#include "app/control_request.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/identifier.hpp"
#include "base/utf8.hpp"

namespace rastel::control {
namespace {

namespace json = boost::json;

struct VerbRow {
  std::string_view name;
  Verb verb;
  bool has_id;
};
constexpr std::array verbs{
    VerbRow{"status", Verb::status, false},
    VerbRow{"history", Verb::history, false},
    VerbRow{"quarantine list", Verb::quarantine_list, false},
    VerbRow{"quarantine show", Verb::quarantine_show, true},
    VerbRow{"quarantine raw", Verb::quarantine_raw, true},
    VerbRow{"quarantine release", Verb::quarantine_release, true},
    VerbRow{"quarantine delete", Verb::quarantine_delete, true},
    VerbRow{"quarantine purge", Verb::quarantine_purge, false},
    VerbRow{"scan", Verb::scan, false},
    VerbRow{"reload", Verb::reload, false},
    VerbRow{"signatures status", Verb::signatures_status, false},
    VerbRow{"signatures reload", Verb::signatures_reload, false},
    VerbRow{"drain", Verb::drain, false},
    VerbRow{"health", Verb::health, false},
    VerbRow{"metrics", Verb::metrics, false},
};

std::unexpected<Error> wrong(std::string_view member, std::string_view wanted) {
  return fail(ErrorKind::invalid_input,
              "the request's \"" + printable(member) + "\" must be " + std::string(wanted));
}

Result<> take(const json::value& value, std::string_view member, std::optional<std::string>& target) {
  const json::string* text = value.if_string();
  if (text == nullptr) return wrong(member, "a text");
  target = std::string(*text);
  return {};
}

Result<> take(const json::value& value, std::string_view member,
              std::optional<std::chrono::system_clock::time_point>& target) {
  if (!value.is_int64()) return wrong(member, "a time in Unix milliseconds");
  target = from_unix_ms(value.get_int64());
  return {};
}

Result<> take(const json::value& value, std::string_view member, bool& target) {
  const bool* flag = value.if_bool();
  if (flag == nullptr) return wrong(member, "true or false");
  target = *flag;
  return {};
}

Result<> take(const json::value& value, std::string_view member, std::size_t& target) {
  const std::int64_t* number = value.if_int64();
  if (number == nullptr || *number < 1) return wrong(member, "a number from 1");
  target = std::min(static_cast<std::size_t>(*number), most_rows);
  return {};
}

Result<> take_bytes(const json::value& value, std::uint64_t& target) {
  const std::int64_t* number = value.if_int64();
  if (number == nullptr || *number < 0) return wrong("bytes", "a number of bytes");
  target = static_cast<std::uint64_t>(*number);
  return {};
}

Result<> take(const json::value& value, std::string_view member, std::vector<std::string>& target) {
  const json::array* array = value.if_array();
  if (array == nullptr) return wrong(member, "a list of addresses");
  for (const json::value& element : *array) {
    const json::string* text = element.if_string();
    if (text == nullptr || text->empty()) return wrong(member, "a list of addresses");
    target.emplace_back(*text);
  }
  // An empty list would be read as "all": who sends it means nobody.
  if (target.empty()) return wrong(member, "a list of at least one address");
  return {};
}

Result<> take_member(Request& request, std::string_view member, const json::value& value) {
  if (request.verb == Verb::history) {
    if (member == "text") return take(value, member, request.history.text);
    if (member == "since") return take(value, member, request.history.since);
    if (member == "class") return take(value, member, request.history.message_class);
    if (member == "would") return take(value, member, request.history.only_observed);
    if (member == "limit") return take(value, member, request.history.limit);
  }
  if (request.verb == Verb::quarantine_list) {
    if (member == "recipient") return take(value, member, request.list.recipient);
    if (member == "sender") return take(value, member, request.list.sender);
    if (member == "since") return take(value, member, request.list.since);
    if (member == "limit") return take(value, member, request.list.limit);
    if (member == "all") {
      bool all = false;
      RASTEL_CHECK(take(value, member, all));
      request.list.only_held = !all;
      return {};
    }
  }
  if (request.verb == Verb::scan && member == "bytes") return take_bytes(value, request.bytes);
  const bool changes = request.verb == Verb::quarantine_release || request.verb == Verb::quarantine_delete;
  if (changes && member == "by") {
    std::optional<std::string> name;
    RASTEL_CHECK(take(value, member, name));
    if (name->empty() || name->size() > 64) return wrong(member, "a name of at most 64 bytes");
    request.by = *std::move(name);
    return {};
  }
  if (request.verb == Verb::quarantine_release && member == "to") return take(value, member, request.to);
  return fail(ErrorKind::invalid_input, "the request has an unknown member \"" + printable(member) + '"');
}

}  // namespace

bool page_may(const Request& request) {
  switch (request.verb) {
    case Verb::status:
    case Verb::history:
    case Verb::quarantine_list:
    case Verb::quarantine_show:
    case Verb::quarantine_raw:
    case Verb::health:
    case Verb::metrics:
      return true;
    case Verb::quarantine_release:
    case Verb::quarantine_delete:
      return !request.by.empty();
    case Verb::quarantine_purge:
    case Verb::scan:
    case Verb::reload:
    case Verb::signatures_status:
    case Verb::signatures_reload:
    case Verb::drain:
      return false;
  }
  return false;
}

Result<Request> parse_request(std::string_view line) {
  json::parse_options options;
  options.max_depth = 4;
  boost::system::error_code code;
  const json::value value = json::parse(line, code, {}, options);
  const json::object* object = code ? nullptr : value.if_object();
  if (object == nullptr) return fail(ErrorKind::invalid_input, "a request is one line with one JSON object");
  const json::value* name = object->if_contains("verb");
  if (name == nullptr || !name->is_string())
    return fail(ErrorKind::invalid_input, "the request has no \"verb\"");
  const auto row = std::ranges::find(verbs, std::string_view(name->get_string()), &VerbRow::name);
  if (row == verbs.end())
    return fail(ErrorKind::invalid_input, "unknown verb \"" + printable(name->get_string()) + '"');
  Request request;
  request.verb = row->verb;
  for (const auto& member : *object) {
    if (member.key() == "verb") continue;
    if (member.key() == "id" && row->has_id) {
      if (!member.value().is_string()) return wrong("id", "a message id");
      request.id = std::string(member.value().get_string());
      continue;
    }
    RASTEL_CHECK(take_member(request, member.key(), member.value()));
  }
  if (request.verb == Verb::scan && !object->contains("bytes")) return wrong("bytes", "a number of bytes");
  if (row->has_id && !is_message_id(request.id))
    return fail(ErrorKind::invalid_input,
                '"' + printable(request.id) + "\" is no message id: want 16 hexadecimal digits");
  return request;
}

}  // namespace rastel::control
