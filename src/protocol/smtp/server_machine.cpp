// SPDX-License-Identifier: GPL-2.0-only
// The session: what comes in, line by line or as content, and what the owner's answers change. The reading of single
// commands is in server_commands.cpp.
#include "protocol/smtp/server_machine.hpp"

#include <algorithm>

#include "protocol/smtp/text.hpp"

namespace rastel::smtp {

void ServerMachine::receive(std::string_view bytes) {
  input_.erase(0, used_);
  used_ = 0;
  input_ += bytes;
}

std::optional<Event> ServerMachine::next() {
  if (due_ != Due::nothing) return std::nullopt;
  while (!closing_) {
    const std::size_t used_before = used_;
    const Mode mode_before = mode_;
    std::optional<Event> event;
    switch (mode_) {
      case Mode::command: event = next_command(); break;
      case Mode::data: event = next_data(); break;
      case Mode::chunk: event = next_chunk(); break;
    }
    if (event) return event;
    if (used_ == used_before && mode_ == mode_before) break;  // no progress: more bytes are needed
  }
  return std::nullopt;
}

// A whole command line without its CRLF. nullopt: there is none yet, or what there was has been answered.
std::optional<std::string> ServerMachine::take_line() {
  const std::string_view rest = std::string_view(input_).substr(used_);
  const std::size_t newline = rest.find('\n');
  const std::size_t length = newline == std::string_view::npos ? rest.size() : newline + 1;
  if (overlong_ || length > options_.longest_command) {
    // Its tail must never be taken for a command of its own.
    used_ += length;
    overlong_ = newline == std::string_view::npos;
    if (!overlong_) error({500, "5.5.2 Error: the line is too long"});
    return std::nullopt;
  }
  if (newline == std::string_view::npos) return std::nullopt;
  used_ += length;
  std::string line(rest.substr(0, newline));
  if (!line.ends_with('\r')) {
    // A command that ends in a bare LF is how smuggled commands look to a sloppy server: refused, every one.
    error({500, "5.5.2 Error: a command ends with CR LF"});
    return std::nullopt;
  }
  line.pop_back();
  return line;
}

std::optional<Event> ServerMachine::next_command() {
  auto line = take_line();
  if (!line) return std::nullopt;
  if (std::ranges::any_of(*line, is_control) && line->find('\t') == std::string::npos)
    return error({500, "5.5.2 Error: the command holds control characters"});
  const std::string_view text = *line;
  const std::size_t end = std::min(text.find(' '), text.size());
  if (end == 0) return error({500, "5.5.2 Error: an empty command"});
  const VerbRow* row = find_verb(text.substr(0, end));
  if (row == nullptr) return error({502, "5.5.1 Error: command not implemented"});
  const bool lmtp = options_.protocol == Protocol::lmtp;
  if (row->protocols == (lmtp ? Protocols::smtp_only : Protocols::lmtp_only))
    return error({500, lmtp ? "5.5.1 Error: this is LMTP, say LHLO" : "5.5.1 Error: this is SMTP, say EHLO"});
  if ((row->allowed & state_) == 0) return error({503, std::string(row->elsewhere)});
  return dispatch(*row, *line, trim(text.substr(end)));
}

std::optional<Event> ServerMachine::next_data() {
  std::string_view rest = std::string_view(input_).substr(used_);
  if (rest.empty()) return std::nullopt;
  decoded_.clear();
  const std::size_t before = rest.size();
  const bool ended = decoder_.decode(rest, decoded_);
  used_ += before - rest.size();
  if (ended) {
    // The content in hand goes out first; the next call finds nothing left of it and comes back here by `last_chunk_`.
    last_chunk_ = true;
    mode_ = Mode::chunk;
    chunk_left_ = 0;
  }
  if (!decoded_.empty() && content_open_) return event::Content{decoded_};
  return std::nullopt;
}

std::optional<Event> ServerMachine::next_chunk() {
  if (chunk_left_ == 0) return end_of_chunk();
  const std::string_view rest = std::string_view(input_).substr(used_);
  if (rest.empty()) return std::nullopt;
  const std::string_view piece = rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, rest.size())));
  used_ += piece.size();
  chunk_left_ -= piece.size();
  if (content_open_) return event::Content{piece};
  return std::nullopt;
}

std::optional<Event> ServerMachine::end_of_chunk() {
  mode_ = Mode::command;
  const bool last = std::exchange(last_chunk_, false);
  if (refusal_) {
    Reply reply = *std::exchange(refusal_, std::nullopt);
    content_open_ = false;
    if (chunked_) {
      // One reply for the chunk (LMTP: for the last one, one a recipient); the following ones are answered 503 until
      // RSET (RFC 3030 2).
      const bool each = last && options_.protocol == Protocol::lmtp && (state_ & (in_rcpt | in_chunks)) != 0;
      for (std::size_t i = 0; i < (each ? recipients_ : 1); ++i) say(reply);
      if ((state_ & (in_rcpt | in_chunks)) != 0) state_ = chunks_failed;
    } else {
      std::string replies;
      const std::size_t count = options_.protocol == Protocol::lmtp ? std::max<std::size_t>(recipients_, 1) : 1;
      for (std::size_t i = 0; i < count; ++i) replies += format(reply);
      answer_content(replies);
    }
    return std::nullopt;
  }
  if (!last) {
    state_ = in_chunks;
    say({250, "2.0.0 Ok: chunk taken"});
    return std::nullopt;
  }
  if (used_ < input_.size() && !keywords_.has("PIPELINING")) {
    due_ = Due::violation;
    return event::Violation{"bytes behind the end of data from a client that was not offered PIPELINING"};
  }
  due_ = Due::end_of_content;
  return event::EndOfContent{};
}

void ServerMachine::answer(const Reply& reply) {
  const Due due = std::exchange(due_, Due::nothing);
  switch (due) {
    case Due::data: return answer_data(reply);
    case Due::end_of_content: return answer_content(format(reply));
    case Due::nothing: return;
    case Due::hello:
      // Refused: HELO and EHLO leave an earlier state as it was (RFC 5321 4.1.4).
      break;
    case Due::mail:
      if (reply.positive()) state_ = in_mail;
      break;
    case Due::rcpt:
      if (reply.positive()) {
        state_ = in_rcpt;
        ++recipients_;
      }
      break;
    case Due::reset: end_transaction(); break;
    case Due::quit:
    case Due::violation: closing_ = true; break;
    case Due::relay: break;
  }
  say(reply);
  if (reply.code == 421) closing_ = true;
}

void ServerMachine::answer_hello(std::string_view host, const Keywords& keywords) {
  due_ = Due::nothing;
  end_transaction();
  state_ = identified;
  keywords_ = hello_ == Verb::helo ? Keywords() : keywords;
  say(hello_ == Verb::helo ? Reply(250, std::string(host)) : ehlo_reply(host, keywords_));
}

void ServerMachine::answer_data(const Reply& reply) {
  const bool accepted = reply.code == 354;
  content_open_ = accepted;
  if (chunked_) {
    if (!accepted) refusal_ = reply;  // behind the octets, which come whatever we say
    mode_ = Mode::chunk;
    return;
  }
  say(reply);
  if (accepted) {
    mode_ = Mode::data;
    decoder_ = DataDecoder();
  } else if (reply.code == 421) {
    closing_ = true;
  } else {
    end_transaction();
  }
}

void ServerMachine::answer_recipients(const std::vector<Reply>& replies) {
  due_ = Due::nothing;
  std::string text;
  for (std::size_t i = 0; i < recipients_; ++i)
    text += format(i < replies.size() ? replies[i] : Reply(451, "4.3.0 Error: no answer for this recipient"));
  answer_content(text);
}

void ServerMachine::answer_content(const std::string& replies) {
  output_ += replies;
  if (replies.starts_with("421")) closing_ = true;
  end_transaction();
}

void ServerMachine::refuse_content(Reply reply) {
  content_open_ = false;
  if (!refusal_) refusal_ = std::move(reply);
}

void ServerMachine::shut_down(const Reply& reply) {
  say(reply);
  closing_ = true;
}

void ServerMachine::end_transaction() {
  if (state_ != greeted) state_ = identified;
  recipients_ = 0;
  chunked_ = false;
  last_chunk_ = false;
  content_open_ = false;
  refusal_.reset();
}

std::nullopt_t ServerMachine::error(Reply reply) {
  if (++errors_ >= options_.most_errors) {
    shut_down({421, "4.7.0 Error: too many errors"});
    return std::nullopt;
  }
  say(reply);
  return std::nullopt;
}

}  // namespace rastel::smtp
