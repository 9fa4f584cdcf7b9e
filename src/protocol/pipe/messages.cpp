// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/messages.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.hpp"
#include "protocol/pipe/numbers.hpp"

namespace rastel::pipe {
namespace {

// Of all three bodies.
namespace tag {
constexpr char kind = 'K';  // one byte: RequestKind, Doing, Result::How
constexpr char sender = 'S', recipient = 'R', client_address = 'A', client_name = 'N', client_helo = 'H',
               user = 'U', queue_id = 'Q', next = 'X';
constexpr char id = 'I', line = 'L', above = 'B', text = 'T', what = 'W';
constexpr char number = 'C';
}  // namespace tag

void append_field(std::string& out, char tag, std::string_view value) {
  out += tag;
  append_number(out, static_cast<std::uint32_t>(value.size()));
  out += value;
}

void append_text(std::string& out, char tag, std::string_view value) {
  if (!value.empty()) append_field(out, tag, value.substr(0, longest_text));
}

void append_number_field(std::string& out, char tag, std::uint32_t number) {
  std::string value;
  append_number(value, number);
  append_field(out, tag, value);
}

struct Field {
  char tag;
  std::string_view value;  // within the body
};

constexpr std::size_t field_head = 1 + number_size;

// The next field of `rest`, taken off it.
std::optional<Field> take_field(std::string_view& rest) {
  if (rest.size() + (RASTEL_PLANTED(pipe) ? 1 : 0) < field_head) return std::nullopt;
  Field field{rest.front(), {}};
  const std::size_t length = number_at(rest, 1);
  rest.remove_prefix(std::min(field_head, rest.size()));
  if (length > rest.size()) return std::nullopt;
  field.value = rest.substr(0, length);
  rest.remove_prefix(length);
  return field;
}

// One of the values of an enumeration whose values are letters.
template <class Enum, std::size_t count>
bool set(Enum& into, std::string_view value, const std::array<Enum, count>& all) {
  if (value.size() != 1) return false;
  const auto found = std::ranges::find(all, static_cast<Enum>(value.front()));
  if (found == all.end()) return false;
  into = *found;
  return true;
}

bool set_number(std::uint32_t& into, std::string_view value) {
  if (value.size() != number_size) return false;
  into = number_at(value, 0);
  return true;
}

// Every field at most once but the recipients', none that is unknown: what a peer says twice may be meant in
// two ways. `take` says whether a field may stand there.
template <class Take>
bool take_all(std::string_view body, const Take& take) {
  std::string seen;
  while (!body.empty()) {
    const auto field = take_field(body);
    if (!field) return false;
    if (field->tag != tag::recipient) {
      if (seen.find(field->tag) != std::string::npos) return false;
      seen += field->tag;
    }
    if (!take(*field)) return false;
  }
  return seen.find(tag::kind) != std::string::npos;
}

bool set_text(std::string& into, std::string_view value) {
  into = fit_text(value);
  return true;
}

bool take_into(Request& request, const Field& field) {
  switch (field.tag) {
    case tag::kind:
      return set(request.kind, field.value,
                 std::array{RequestKind::deliver, RequestKind::filter, RequestKind::queue,
                            RequestKind::verdict, RequestKind::passed});
    case tag::sender:
      request.sender = fit_sender(field.value);
      return true;
    case tag::recipient:
      if (request.recipients.size() == most_recipients) return false;
      request.recipients.push_back(fit_address(field.value));
      return !request.recipients.back().empty();
    case tag::client_address:
      return set_text(request.client_address, field.value);
    case tag::client_name:
      return set_text(request.client_name, field.value);
    case tag::client_helo:
      return set_text(request.client_helo, field.value);
    case tag::user:
      return set_text(request.user, field.value);
    case tag::queue_id:
      return set_text(request.queue_id, field.value);
    case tag::next:
      return set_text(request.next, field.value);
    default:
      return false;
  }
}

// One header line, or none.
bool is_line(std::string_view value) {
  if (value.empty()) return true;
  if (value.size() > longest_text || !value.ends_with('\n')) return false;
  value.remove_suffix(value.ends_with("\r\n") ? 2 : 1);
  return std::ranges::none_of(value, is_control);
}

bool take_into(Answer& answer, const Field& field) {
  switch (field.tag) {
    case tag::kind:
      return set(answer.doing, field.value,
                 std::array{Doing::pass, Doing::changed, Doing::held, Doing::discarded, Doing::refused,
                            Doing::deferred, Doing::busy});
    case tag::id:
      return set_text(answer.id, field.value);
    case tag::line:
      answer.line = field.value;
      return is_line(field.value);
    case tag::above:
      return set_number(answer.above, field.value);
    case tag::text:
      return set_text(answer.text, field.value);
    case tag::what:
      return set_text(answer.what, field.value);
    default:
      return false;
  }
}

bool take_into(Result& result, const Field& field) {
  switch (field.tag) {
    case tag::kind:
      return set(result.how, field.value,
                 std::array{Result::How::exited, Result::How::killed, Result::How::not_started});
    case tag::number:
      return set_number(result.number, field.value);
    default:
      return false;
  }
}

template <class Message>
std::expected<Message, Fault> decode(std::string_view body) {
  Message message;
  if (!take_all(body, [&](const Field& field) { return take_into(message, field); }))
    return std::unexpected(Fault::malformed);
  return message;
}

}  // namespace

std::string fit_text(std::string_view text) {
  std::string fit(text.substr(0, longest_text));
  std::ranges::replace_if(fit, is_control, '?');
  return fit;
}

std::string fit_address(std::string_view address) {
  if (address.size() > 1 && address.starts_with('<') && address.ends_with('>'))
    address = address.substr(1, address.size() - 2);
  std::string fit = fit_text(address);
  bool quoted = false;
  bool escaped = false;
  for (char& octet : fit) {
    const bool mark = octet == '"' && !escaped;
    escaped = quoted && octet == '\\' && !escaped;
    if (mark) quoted = !quoted;
    if (!quoted && (octet == ' ' || octet == '<' || octet == '>')) octet = '?';
  }
  // Without an end to its quotes all that follows would be within them.
  if (quoted)
    std::ranges::replace_if(fit, [](char octet) { return std::string_view(" <>\"").contains(octet); }, '?');
  return fit;
}

std::string fit_sender(std::string_view sender) {
  // Postfix's pipe(8) writes the null path so, unless it is told otherwise.
  std::string fit = fit_address(sender);
  return equal_ignoring_case(fit, "MAILER-DAEMON") ? std::string() : fit;
}

std::string encode(const Request& request) {
  std::string body;
  append_field(body, tag::kind, std::string(1, static_cast<char>(request.kind)));
  append_text(body, tag::sender, request.sender);
  for (const std::string& recipient : request.recipients) append_text(body, tag::recipient, recipient);
  append_text(body, tag::client_address, request.client_address);
  append_text(body, tag::client_name, request.client_name);
  append_text(body, tag::client_helo, request.client_helo);
  append_text(body, tag::user, request.user);
  append_text(body, tag::queue_id, request.queue_id);
  append_text(body, tag::next, request.next);
  return body;
}

std::string encode(const Answer& answer) {
  std::string body;
  append_field(body, tag::kind, std::string(1, static_cast<char>(answer.doing)));
  append_text(body, tag::id, answer.id);
  append_text(body, tag::line, answer.line);
  if (answer.above > 0) append_number_field(body, tag::above, answer.above);
  append_text(body, tag::text, answer.text);
  append_text(body, tag::what, answer.what);
  return body;
}

std::string encode(const Result& result) {
  std::string body;
  append_field(body, tag::kind, std::string(1, static_cast<char>(result.how)));
  append_number_field(body, tag::number, result.number);
  return body;
}

std::expected<Request, Fault> decode_request(std::string_view body) { return decode<Request>(body); }
std::expected<Answer, Fault> decode_answer(std::string_view body) { return decode<Answer>(body); }
std::expected<Result, Fault> decode_result(std::string_view body) { return decode<Result>(body); }

}  // namespace rastel::pipe
