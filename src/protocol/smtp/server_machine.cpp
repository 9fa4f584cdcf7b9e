// SPDX-License-Identifier: GPL-2.0-only
// The session: what comes in, line by line or as content, and what the owner's answers change. The command
// table and the reading of single commands are in server_commands.cpp.
#include "protocol/smtp/server_machine.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::smtp {

void ServerMachine::receive(std::string_view bytes) {
  if (mode_ == Mode::handshake) {  // in clear, where only a handshake can be
    closing_ = true;
    return;
  }
  input_.erase(0, used_);
  used_ = 0;
  input_ += bytes;
}

void ServerMachine::release_buffers() {
  std::string(pending()).swap(input_);  // an assignment would keep the large ones
  used_ = 0;
  std::string().swap(decoded_);
}

std::optional<Event> ServerMachine::next() {
  while (!closing_ && due_ == nullptr) {
    const std::size_t used_before = used_;
    const Mode mode_before = mode_;
    std::optional<Event> event;
    switch (mode_) {
      case Mode::command:
        event = next_command();
        break;
      case Mode::data:
        event = next_data();
        break;
      case Mode::chunk:
      case Mode::stray_chunk:
        event = next_chunk();
        break;
      case Mode::content_end:
        event = end_of_content();
        break;
      case Mode::handshake:
        break;
      case Mode::auth:
        event = next_auth();
        break;
    }
    if (event) return event;
    if (used_ == used_before && mode_ == mode_before) break;  // no progress: more bytes are needed
  }
  return std::nullopt;
}

bool ServerMachine::wants_flush() const {
  constexpr std::size_t piled_up = 16 * 1024;
  if (output_.empty()) return false;
  if (group_ended_ || closing_ || output_.size() >= piled_up) return true;
  return !receiving_content() ? pending().find('\n') == std::string_view::npos : pending().empty();
}

bool ServerMachine::quits_next() const { return equal_ignoring_case(pending(), "QUIT\r\n"); }

bool ServerMachine::at_rest() const {
  return mode_ == Mode::command && due_ == nullptr && (state_ & (greeted | identified)) != 0 &&
         pending().empty() && !overlong_;
}

// RFC 4954 4: a line of AUTH may be three times as long as any other.
std::size_t ServerMachine::longest_line() const {
  constexpr std::size_t longest_auth_line = 16 * 1024;
  const bool auth =
      mode_ == Mode::auth || (keywords_.has("AUTH") && starts_ignoring_case(pending(), "AUTH "));
  return std::max(options_.longest_command, auth ? longest_auth_line : 0);
}

// A whole command line without its CRLF. nullopt: there is none yet, or what there was has been answered.
std::optional<std::string> ServerMachine::take_line() {
  const std::string_view rest = pending();
  const std::size_t newline = rest.find('\n');
  const std::size_t length = newline == std::string_view::npos ? rest.size() : newline + 1;
  if (overlong_ || length > longest_line()) {
    // Its tail must never be taken for a command of its own.
    used_ += length;
    overlong_ = newline == std::string_view::npos;
    if (!overlong_) refuse_command({500, "5.5.2 Error: the line is too long"});
    return std::nullopt;
  }
  if (newline == std::string_view::npos) return std::nullopt;
  used_ += length;
  std::string line(rest.substr(0, newline));
  if (!line.ends_with('\r')) {
    // A command that ends in a bare LF is how smuggled commands look to a sloppy server: refused, every one.
    refuse_command({500, "5.5.2 Error: a command ends with CR LF"});
    return std::nullopt;
  }
  line.pop_back();
  return line;
}

std::optional<Event> ServerMachine::next_command() {
  auto line = take_line();
  if (!line) return std::nullopt;
  if (++commands_ > options_.most_commands_before_auth && options_.most_commands_before_auth > 0 &&
      unproved()) {
    shut_down({421, "4.7.0 Error: too many commands before AUTH or a good recipient"});
    return std::nullopt;
  }
  // The text is forwarded as it is: what another parser might take for the end of a line or of a string stops
  // here.
  if (std::ranges::any_of(*line, is_control)) {
    refuse_command({500, "5.5.2 Error: the command holds control characters"});
    return std::nullopt;
  }
  const std::size_t end = std::min(line->find(' '), line->size());
  if (end == 0) {
    refuse_command({500, "5.5.2 Error: an empty command"});
    return std::nullopt;
  }
  const Row* row = find_row(std::string_view(*line).substr(0, end));
  if (row == nullptr) {
    refuse_command({502, "5.5.1 Error: command not implemented"});
    return std::nullopt;
  }
  group_ended_ = group_ended_ || row->pipelining == Pipelining::ends_group;
  const bool lmtp = options_.protocol == Protocol::lmtp;
  if (row->protocols == (lmtp ? Protocols::smtp_only : Protocols::lmtp_only)) {
    refuse_command(
        {500, lmtp ? "5.5.1 Error: this is LMTP, say LHLO" : "5.5.1 Error: this is SMTP, say EHLO"});
    return std::nullopt;
  }
  if (must_start_tls(row->verb)) {
    refuse_command({530, "5.7.0 Error: say STARTTLS first"});
    return std::nullopt;
  }
  if ((row->allowed & state_) == 0) {
    refuse_command({503, std::string(row->elsewhere)});
    return std::nullopt;
  }
  Command command{*std::move(line), {}, row->verb};
  command.arguments = trim(std::string_view(command.line).substr(end));
  auto checked = (this->*row->check)(command);
  if (!checked) {
    refuse_command(checked.error());
    return std::nullopt;
  }
  if (*checked) due_ = std::holds_alternative<event::Violation>(**checked) ? &violation_row : row;
  return *std::move(checked);
}

std::optional<Event> ServerMachine::next_data() {
  std::string_view rest = pending();
  decoded_.clear();
  if (decoder_.decode(rest, decoded_)) mode_ = Mode::content_end;  // the content in hand goes out first
  used_ = input_.size() - rest.size();
  if (!decoded_.empty() && content_open_) return event::Content{decoded_};
  return std::nullopt;
}

std::optional<Event> ServerMachine::next_chunk() {
  if (chunk_left_ == 0) return end_of_chunk();
  const std::string_view rest = pending();
  const std::string_view piece =
      rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, rest.size())));
  used_ += piece.size();
  chunk_left_ -= piece.size();
  if (!piece.empty() && content_open_) return event::Content{piece};
  return std::nullopt;
}

std::optional<Event> ServerMachine::end_of_chunk() {
  if (mode_ == Mode::chunk && last_chunk_) {
    mode_ = Mode::content_end;
    return std::nullopt;
  }
  const bool stray = std::exchange(mode_, Mode::command) == Mode::stray_chunk;
  if (refusal_) {
    say(*std::exchange(refusal_, std::nullopt));
    if (!stray) {
      // The following chunks may be on their way already: 503 for each of them, until RSET (RFC 3030 2).
      state_ = chunks_failed;
      content_open_ = false;
      chunked_ = false;
    }
    return std::nullopt;
  }
  state_ = in_chunks;
  say({250, "2.0.0 Ok: chunk taken"});
  return std::nullopt;
}

std::optional<Event> ServerMachine::end_of_content() {
  mode_ = Mode::command;
  group_ended_ = true;
  if (!pending().empty() && !keywords_.has("PIPELINING")) {
    due_ = &violation_row;
    return event::Violation{"bytes behind the end of data from a client that was not offered PIPELINING"};
  }
  if (refusal_) {
    const Reply reply = *std::exchange(refusal_, std::nullopt);
    apply_content(reply);
    return std::nullopt;
  }
  due_ = &content_end_row;
  return event::EndOfContent{};
}

void ServerMachine::answer(const Reply& reply) {
  const Row* row = std::exchange(due_, nullptr);
  if (row == nullptr || closing_) return;
  (this->*row->apply)(reply);
}

void ServerMachine::answer_hello(std::string_view host, const Keywords& keywords) {
  due_ = nullptr;
  if (closing_) return;
  end_transaction();
  state_ = identified;
  keywords_ = hello_ == Verb::helo ? Keywords() : keywords;
  say(hello_ == Verb::helo ? Reply(250, std::string(host)) : ehlo_reply(host, keywords_));
}

void ServerMachine::answer_recipients(const std::vector<Reply>& replies) {
  if (std::exchange(due_, nullptr) == nullptr || closing_) return;
  const bool prdr = options_.protocol == Protocol::smtp;
  if (prdr) say({353, "One reply a recipient follows, and one for all"});
  bool any_taken = false;
  bool all_refused = true;
  for (std::size_t i = 0; i < std::max<std::size_t>(recipients_, 1); ++i) {
    const Reply reply =
        i < replies.size() ? replies[i] : Reply(451, "4.3.0 Error: no answer for this recipient");
    any_taken = any_taken || reply.positive();
    all_refused = all_refused && reply.permanent();
    say(reply);
  }
  if (any_taken) errors_ = 0;
  // A client lets a bad last reply count for all of them: it must be good where anybody's was.
  if (prdr && any_taken)
    say({250, "2.0.0 Ok: as said for each recipient"});
  else if (prdr)
    say(all_refused ? Reply(554, "5.7.1 Refused for every recipient")
                    : Reply(451, "4.7.1 Taken for no recipient, try again later"));
  end_transaction();
}

void ServerMachine::forget_client() {
  end_transaction();
  state_ = greeted;
  keywords_ = Keywords();
  authenticated_user_.clear();
  welcome_ = false;
}

void ServerMachine::refuse_content(Reply reply) {
  content_open_ = false;
  if (!refusal_) refusal_ = std::move(reply);
}

void ServerMachine::tls_begun() {
  const ServerOptions options = options_;
  const std::uint32_t commands = commands_;
  const std::uint32_t all_errors = all_errors_;
  std::string output = std::move(output_);
  std::string injected(RASTEL_PLANTED(tls_state) ? pending() : std::string_view());
  *this = ServerMachine(options);
  output_ = std::move(output);
  input_ = std::move(injected);
  inside_tls_ = true;
  commands_ = commands;
  all_errors_ = all_errors;
}

void ServerMachine::shut_down(const Reply& reply) {
  if (closing_) return;
  say(reply);
  closing_ = true;
}

void ServerMachine::say(const Reply& reply) {
  output_ += format(reply);
  // Even where it answers one recipient of several: those behind it are said too, then comes the end.
  if (reply.code == 421) closing_ = true;
}

// What a client hears that did nothing wrong (a full message, a pipelined DATA behind refused recipients)
// isn't counted.
void ServerMachine::refuse_command(const Reply& reply) {
  const bool counted = reply.code != 452 && reply.code != 552 && reply.code != 554;
  if (!counted || !too_many_errors()) say(reply);
}

bool ServerMachine::too_many_errors() {
  ++all_errors_;
  if (++errors_ < options_.most_errors) return false;
  shut_down({421, "4.7.0 Error: too many errors"});
  return true;
}

std::size_t ServerMachine::replies_to_content() const {
  return options_.protocol == Protocol::lmtp ? std::max<std::size_t>(recipients_, 1) : 1;
}

void ServerMachine::end_transaction() {
  if (state_ != greeted) state_ = identified;
  recipients_ = 0;
  chunked_ = false;
  last_chunk_ = false;
  content_open_ = false;
  refusal_.reset();
}

}  // namespace rastel::smtp
