// SPDX-License-Identifier: GPL-2.0-only
// The command table, and the reading of single commands.
#include <algorithm>

#include "protocol/milter/filter_answers.hpp"
#include "protocol/milter/filter_machine.hpp"

namespace rastel::milter {
namespace {

constexpr std::string_view unreadable = "a command whose arguments can't be read";

std::unexpected<std::string_view> breaks(std::string_view what) { return std::unexpected(what); }

}  // namespace

const FilterMachine::Row* FilterMachine::find_row(char command) {
  using namespace answers;
  using Machine = FilterMachine;
  constexpr auto no = Repeats::no, yes = Repeats::yes;
  constexpr auto nothing = GivesUp::nothing, gives_up = GivesUp::message;
  constexpr AnswerSet refusals = reject | tempfail | reply_code;
  constexpr AnswerSet all = accept | discard | refusals;
  constexpr auto none = std::nullopt;
  // A refused DATA leaves the transaction: Postfix's client may name more recipients and try again.
  static constexpr Row rows[]{
      {'O', unopened, Rank::none, no, nothing, 0, 0, 0, none, &Machine::read_negotiation},
      {'D', after_opening, Rank::none, no, nothing, 0, 0, 0, none, &Machine::read_macros},
      {'C', opened, Rank::none, no, nothing, step::silent_connect, accept | refusals, 0, Stage::connect,
       &Machine::read_connect},
      {'H', session | message, Rank::none, no, gives_up, step::silent_helo, accept | refusals, 0, Stage::helo,
       &Machine::read_helo},
      {'M', session | message, Rank::mail, no, gives_up, step::silent_mail, all, all, Stage::mail,
       &Machine::read_mail},
      {'R', message, Rank::rcpt, yes, nothing, step::silent_rcpt, all, accept | discard, Stage::rcpt,
       &Machine::read_rcpt},
      {'T', message, Rank::data, no, nothing, step::silent_data, all, accept | discard, Stage::data,
       &Machine::read_data},
      {'L', message, Rank::header, yes, nothing, step::silent_header, all, all, none, &Machine::read_header},
      {'N', message, Rank::end_of_headers, no, nothing, step::silent_end_of_headers, all, all,
       Stage::end_of_headers, &Machine::read_end_of_headers},
      {'B', message, Rank::body, yes, nothing, step::silent_body, all | skip, all, none, &Machine::read_body},
      {'E', message, Rank::end_of_message, no, nothing, 0, all, all | answers::go_on, Stage::end_of_message,
       &Machine::read_end_of_message},
      {'U', after_opening, Rank::none, no, nothing, step::silent_unknown, refusals, 0, Stage::unknown,
       &Machine::read_unknown},
      {'A', after_opening, Rank::none, no, nothing, 0, 0, 0, none, &Machine::read_abort},
      {'Q', unopened | after_opening, Rank::none, no, gives_up, 0, 0, 0, none, &Machine::read_quit},
      {'K', after_opening, Rank::none, no, gives_up, 0, 0, 0, none, &Machine::read_quit_new_connection},
  };
  const auto* found = std::ranges::find(rows, command, &Row::command);
  return found == std::end(rows) ? nullptr : found;
}

// B-02: nothing is asked for that wasn't offered, or Postfix drops the filter.
FilterMachine::Read FilterMachine::read_negotiation(std::string_view data) {
  FieldReader reader(data);
  const auto version = reader.uint32(), actions = reader.uint32(), steps = reader.uint32();
  if (!version || !actions || !steps) return breaks("a negotiation that is too short");
  if (*version < oldest_version) return breaks("a version of the protocol that is too old");
  const Flags offered = *actions == 0 ? action::of_version_1 : *actions;
  const Flags offered_steps = *steps == 0 ? step::of_version_1 : *steps;
  Flags wished = options_.actions & ~action::choose_macros;
  negotiated_.missing = wished & ~offered;
  if (!options_.macros.empty()) wished |= action::choose_macros;
  negotiated_.version = std::min(*version, newest_version);
  negotiated_.actions = wished & offered;
  negotiated_.steps = options_.steps & offered_steps;
  if (granted(step::chunks_1m)) negotiated_.steps &= ~step::chunks_256k;  // one size
  chunk_ = granted(step::chunks_1m) ? chunk_1m : granted(step::chunks_256k) ? chunk_256k : chunk_64k;
  answer_negotiation();
  state_ = opened;
  return negotiated_;
}

void FilterMachine::answer_negotiation() {
  std::string data;
  for (const std::uint32_t number : {negotiated_.version, negotiated_.actions, negotiated_.steps})
    append_uint32(data, number);
  for (const auto& [stage, names] : options_.macros) {
    if (!may(action::choose_macros) || stage == Stage::unknown) continue;
    std::string list;
    for (const std::string& name : names)
      list += (list.empty() ? "" : " ") + (name.size() == 1 ? name : "{" + name + "}");
    append_uint32(data, static_cast<std::uint32_t>(stage));
    append_text(data, list);
  }
  append_packet(output_, 'O', data);
}

FilterMachine::Read FilterMachine::read_macros(std::string_view data) {
  if (!macros_.receive(data)) return breaks("macros that can't be read");
  return std::nullopt;
}

FilterMachine::Read FilterMachine::read_connect(std::string_view data) {
  auto client = data.size() <= options_.longest_command ? read_client(data) : std::nullopt;
  if (!client) return breaks(unreadable);
  state_ = session;
  return event::Connect{*std::move(client)};
}

namespace {

std::optional<std::string> one_text(std::string_view data, std::size_t longest) {
  if (data.size() > longest) return std::nullopt;
  FieldReader reader(data);
  const auto text = reader.text();
  if (!text || !reader.at_end()) return std::nullopt;
  return std::string(*text);
}

// The path and its arguments.
std::optional<std::vector<std::string>> texts(std::string_view data, const FilterOptions& options) {
  if (data.size() > options.longest_command) return std::nullopt;
  FieldReader reader(data);
  std::vector<std::string> texts;
  while (!reader.at_end() || texts.empty()) {
    const auto text = reader.text();
    if (!text || texts.size() > options.most_arguments) return std::nullopt;
    texts.emplace_back(*text);
  }
  return texts;
}

template <class Kind>
Kind with_path(std::vector<std::string> texts) {
  Kind kind;
  kind.path = std::move(texts.front());
  texts.erase(texts.begin());
  kind.arguments = std::move(texts);
  return kind;
}

}  // namespace

FilterMachine::Read FilterMachine::read_helo(std::string_view data) {
  auto name = one_text(data, options_.longest_command);
  if (!name) return breaks(unreadable);
  state_ = session;
  return event::Helo{*std::move(name)};
}

FilterMachine::Read FilterMachine::read_mail(std::string_view data) {
  auto read = texts(data, options_);
  if (!read) return breaks(unreadable);
  return with_path<event::Mail>(*std::move(read));
}

FilterMachine::Read FilterMachine::read_rcpt(std::string_view data) {
  auto read = texts(data, options_);
  if (!read) return breaks(unreadable);
  auto rcpt = with_path<event::Rcpt>(*std::move(read));
  rcpt.refused = macros_.find(Stage::rcpt, "rcpt_mailer") == "error";
  counted_ = false;
  if (rcpt.refused) return rcpt;
  if (paths_.size() >= options_.most_recipients) {
    uncounted_ = true;
    return event::OverLimit{Limit::recipients};
  }
  counted_ = true;
  paths_.push_back(rcpt.path);
  return rcpt;
}

FilterMachine::Read FilterMachine::read_data(std::string_view /*data*/) { return event::Data{}; }

bool FilterMachine::header_fits(std::size_t octets) {
  if (headers_ >= options_.most_headers || octets > options_.most_header_octets - header_octets_)
    return false;
  ++headers_;
  header_octets_ += octets;
  return true;
}

FilterMachine::Read FilterMachine::read_header(std::string_view data) {
  FieldReader reader(data);
  const auto name = reader.text(), value = reader.text();
  if (!name || !value || !reader.at_end()) return breaks("a header field that can't be read");
  // Once it didn't fit, nothing does: a header with a hole in it is nobody's.
  if (over_told_) return std::nullopt;
  if (header_fits(data.size())) return event::Header{std::string(*name), std::string(*value)};
  over_told_ = true;
  return event::OverLimit{Limit::headers};
}

FilterMachine::Read FilterMachine::read_end_of_headers(std::string_view /*data*/) {
  return event::EndOfHeaders{};
}

FilterMachine::Read FilterMachine::read_body(std::string_view data) { return event::Body{data}; }

FilterMachine::Read FilterMachine::read_end_of_message(std::string_view /*data*/) {
  return event::EndOfMessage{};
}

FilterMachine::Read FilterMachine::read_unknown(std::string_view data) {
  auto command = one_text(data, options_.longest_command);
  if (!command) return breaks(unreadable);
  return event::Unknown{*std::move(command)};
}

FilterMachine::Read FilterMachine::read_abort(std::string_view /*data*/) {
  end_message();
  macros_.forget_message();
  return event::Abort{};
}

FilterMachine::Read FilterMachine::read_quit(std::string_view /*data*/) {
  due_ = nullptr;
  closing_ = true;
  return event::Quit{};
}

FilterMachine::Read FilterMachine::read_quit_new_connection(std::string_view /*data*/) {
  due_ = nullptr;
  state_ = opened;
  macros_.forget_all();
  return event::QuitNewConnection{};
}

}  // namespace rastel::milter
