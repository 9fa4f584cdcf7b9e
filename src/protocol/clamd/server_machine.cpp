// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/clamd/server_machine.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "protocol/clamd/answer.hpp"

namespace rastel::clamd {

namespace {

constexpr std::size_t chunk_header = 4;

char terminator(Form form) { return form == Form::null ? '\0' : '\n'; }

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, chunk_header))
    number = number << 8U | static_cast<std::uint8_t>(byte);
  return number;
}

std::string shown(std::string_view command) {
  constexpr std::size_t longest = 64;
  std::string text(command.substr(0, longest));
  std::ranges::replace_if(text, [](char character) { return is_control(character) || character < 0; }, '?');
  return text;
}

ScanKind kind_of(Verb verb) {
  if (verb == Verb::contscan) return ScanKind::contscan;
  if (verb == Verb::multiscan) return ScanKind::multiscan;
  return verb == Verb::allmatchscan ? ScanKind::allmatchscan : ScanKind::scan;
}

}  // namespace

void ServerMachine::receive(std::string_view bytes, Descriptors descriptors) {
  if (over_) return;
  passed_ += used_;
  input_.erase(0, used_);
  used_ = 0;
  input_ += bytes;
  input_rests_ = false;
  if (descriptors == Descriptors::none) return;
  if (descriptors_.size() == most_descriptors)
    stray_ = true;
  else
    descriptors_.push_back(passed_ + input_.size());
}

std::optional<Event> ServerMachine::next() {
  if (over_) return std::nullopt;
  auto event = stream_ ? next_stream() : next_command();
  if (!event && input_over_ && may_take()) over_ = true;
  if (over_) {
    std::string().swap(input_);
    used_ = 0;
    descriptors_.clear();
  }
  return event;
}

std::optional<Event> ServerMachine::next_command() {
  if (!may_take()) return std::nullopt;
  if (stray_)
    return refuse(Refusal::stray_descriptor, error("PROTOCOL ERROR: ancillary data sent without FILDES."),
                  {});
  if (pending().empty()) return std::nullopt;
  const bool plain = pending().front() != 'z' && pending().front() != 'n';
  if (session_ && plain)
    return refuse(Refusal::plain_in_session,
                  error("Only nCMDS\\n and zCMDS\\0 are accepted inside IDSESSION."), {});
  const auto line = whole_line();
  if (line && line->length <= options_.longest_command) return take(*line);
  if (line || pending().size() >= options_.longest_command) return too_long();
  return std::nullopt;
}

std::optional<ServerMachine::Line> ServerMachine::whole_line() const {
  const std::string_view rest = pending();
  Line line;
  line.form = rest.front() == 'z' ? Form::null : rest.front() == 'n' ? Form::newline : Form::plain;
  const std::size_t prefix = line.form == Form::plain ? 0 : 1;
  const std::size_t end = rest.find(terminator(line.form));
  if (end == std::string_view::npos && (line.form != Form::plain || !plain_is_over())) return std::nullopt;
  line.text = rest.substr(prefix, end == std::string_view::npos ? end : end - prefix);
  line.length = std::min(end, rest.size() - 1) + 1;
  // clamd drops CR at the end of what LF ends, and then loses step in a session; we don't.
  if (line.form != Form::null)
    while (line.text.ends_with('\r')) line.text.remove_suffix(1);
  return line;
}

bool ServerMachine::plain_is_over() const {
  if (input_over_) return true;
  if (!input_rests_) return false;
  const Command command = read_command(pending(), Form::plain);
  return command.row != nullptr && command.row->argument == Argument::none;
}

std::optional<Event> ServerMachine::take(const Line& line) {
  const Command command = read_command(line.text, line.form);
  const bool known = command.row != nullptr;
  // FILDES is whole with the octet that carries the descriptor.
  const bool fildes = known && command.row->verb == Verb::fildes;
  if (fildes && pending().size() == line.length) return std::nullopt;
  form_ = line.form;
  if (session_ && (!known || command.row->in_session == InSession::refused))
    return refuse(Refusal::not_in_session, error("Command invalid inside IDSESSION."), line.text);
  if (!known || (!session_ && command.row->verb == Verb::end))
    return refuse(Refusal::unknown_command, "UNKNOWN COMMAND", line.text);
  if (!permitted(*command.row)) {
    const std::string why = std::string(command.row->name) + " command disabled by configuration.";
    const bool path = command.row->argument == Argument::path;
    return refuse(Refusal::not_permitted, path ? error(command.argument, why) : error(why), line.text);
  }
  if (fildes && descriptors_.empty())
    return refuse(Refusal::no_descriptor, error("No file descriptor received."), line.text);
  Event event = apply(command);  // while the text is there
  pass(line.length + (fildes ? 1 : 0));
  return event;
}

bool ServerMachine::permitted(const Row& row) const {
  switch (row.permission) {
    case Permission::everyone:
      return true;
    case Permission::who_may_scan_paths:
      return options_.may_scan_paths;
    case Permission::who_may_reload:
      return options_.may_reload;
    case Permission::nobody:
      return false;
  }
  return false;
}

// A command that is whole and allowed. Outside of a session nothing comes behind it, but a stream's content.
Event ServerMachine::apply(const Command& command) {
  over_ = !session_ && command.row->verb != Verb::idsession && command.row->verb != Verb::instream;
  switch (command.row->verb) {
    case Verb::scan:
    case Verb::contscan:
    case Verb::multiscan:
    case Verb::allmatchscan:
      return event::Scan{take_ticket(), kind_of(command.row->verb), std::string(command.argument)};
    case Verb::reload:
      return event::Reload{take_ticket()};
    case Verb::ping:
      return event::Ping{take_ticket()};
    case Verb::versioncommands:
      return event::VersionCommands{take_ticket()};
    case Verb::version:
      return event::Version{take_ticket()};
    case Verb::stats:
      return event::Stats{take_ticket()};
    case Verb::fildes:
      descriptors_.erase(descriptors_.begin());
      return event::ScanDescriptor{take_ticket()};
    case Verb::instream:
      stream_ = Stream{ticket(), options_.most_stream, 0};
      return event::StreamBegins{};
    case Verb::idsession:
      session_ = true;
      number_ = 1;
      return event::SessionBegins{};
    case Verb::end:
    case Verb::shutdown:  // permitted to nobody
      over_ = true;
      break;
  }
  return event::SessionEnds{};
}

// Which octets a descriptor came with, the kernel tells by the read alone: it may belong to what is behind
// this command as long as the read has brought something behind it.
void ServerMachine::pass(std::size_t length) {
  used_ += length;
  stray_ = stray_ || (!descriptors_.empty() && descriptors_.front() <= position());
}

std::optional<Event> ServerMachine::next_stream() {
  if (stray_ || !descriptors_.empty())
    return refuse(Refusal::stray_descriptor, error("PROTOCOL ERROR: ancillary data sent without FILDES."),
                  {});
  while (stream_->chunk_left == 0) {
    if (pending().size() < chunk_header) return std::nullopt;
    stream_->chunk_left = big_endian(pending());
    used_ += chunk_header;
    if (stream_->chunk_left == 0) {
      over_ = !session_;
      unanswered_.push_back(stream_->ticket);
      if (session_) ++number_;
      stream_.reset();
      return event::StreamEnds{unanswered_.back()};
    }
    // By the announcement, before its octets come.
    if (stream_->chunk_left > stream_->left + (RASTEL_PLANTED(clamd) ? 1 : 0))
      return refuse(Refusal::stream_too_long, error("INSTREAM size limit exceeded."), {});
    stream_->left -= stream_->chunk_left;
  }
  const std::string_view piece = pending().substr(0, stream_->chunk_left);
  if (piece.empty()) return std::nullopt;
  used_ += piece.size();
  stream_->chunk_left -= static_cast<std::uint32_t>(piece.size());
  return event::StreamChunk{piece};
}

std::optional<Event> ServerMachine::refuse_stream(std::string_view text) {
  if (!stream_ || over_) return std::nullopt;
  return refuse(Refusal::stream_refused, text, {});
}

Event ServerMachine::refuse(Refusal what, std::string_view text, std::string_view command) {
  event::Refused refused{what, shown(command)};
  say(stream_ ? stream_->ticket : ticket(), text);
  stream_.reset();
  over_ = true;
  return refused;
}

// clamd goes without a word where a prefix promised a terminator, and takes what came of a plain command.
Event ServerMachine::too_long() {
  const char first = pending().front();
  if (first != 'z' && first != 'n') {
    form_ = Form::plain;
    return refuse(Refusal::command_too_long, "UNKNOWN COMMAND", pending());
  }
  over_ = true;
  return event::Refused{Refusal::command_too_long, shown(pending())};
}

Ticket ServerMachine::take_ticket() {
  unanswered_.push_back(ticket());
  if (session_) ++number_;
  return unanswered_.back();
}

bool ServerMachine::at_rest() const {
  return !over_ && !stream_ && unanswered_.empty() && pending().empty() && descriptors_.empty();
}

bool ServerMachine::settle(const Ticket& ticket) { return std::erase(unanswered_, ticket) > 0; }

void ServerMachine::answer(const Ticket& ticket, std::string_view text) {
  if (settle(ticket)) say(ticket, text);
}

void ServerMachine::answer_line(const Ticket& ticket, std::string_view text) {
  if (std::ranges::find(unanswered_, ticket) != unanswered_.end()) say(ticket, text);
}

void ServerMachine::answer_commands(const Ticket& ticket, std::string_view version) {
  std::string text = std::string(version) + "| COMMANDS:";
  for (const Row& row : all_commands())
    if (permitted(row)) text += " " + std::string(row.name);
  answer(ticket, text);
}

void ServerMachine::answer_stats(const Ticket& ticket, std::string_view text) {
  if (!settle(ticket)) return;
  say({ticket.number, Form::null}, text);
  output_.back() = terminator(ticket.form);
}

void ServerMachine::time_out() {
  if (over_) return;
  output_ += "COMMAND READ TIMED OUT\n";  // in every form, and without a number
  stream_.reset();
  over_ = true;
}

// The text may hold a file's name, and that a line end: clamd lets it forge an answer of its own.
void ServerMachine::say(const Ticket& ticket, std::string_view text) {
  if (ticket.number > 0) output_ += std::to_string(ticket.number) + ": ";
  const std::size_t begin = output_.size();
  output_ += text;
  std::replace(output_.begin() + static_cast<std::ptrdiff_t>(begin), output_.end(), terminator(ticket.form),
               '?');
  output_ += terminator(ticket.form);
}

}  // namespace rastel::clamd
