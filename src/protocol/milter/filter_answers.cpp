// SPDX-License-Identifier: GPL-2.0-only
// What is said to the mail server: answers, and what of a message is to be changed.
#include "protocol/milter/filter_answers.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "protocol/milter/filter_machine.hpp"

namespace rastel::milter {
namespace {

constexpr std::uint8_t refusals = answers::reject | answers::tempfail | answers::reply_code;

std::uint8_t bit_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::go_on:
      return answers::go_on;
    case Verdict::accept:
      return answers::accept;
    case Verdict::discard:
      return answers::discard;
    case Verdict::reject:
      return answers::reject;
    case Verdict::tempfail:
      return answers::tempfail;
    case Verdict::skip:
      return answers::skip;
  }
  return 0;
}

// With its angle brackets; nullopt: it would break the packet or the mail server's command.
std::optional<std::string> path_of(std::string_view path) {
  if (path.empty() || std::ranges::any_of(path, is_control)) return std::nullopt;
  if (path.starts_with('<') && path.ends_with('>')) return std::string(path);
  return '<' + std::string(path) + '>';
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, is_control, '?');
  return line;
}

}  // namespace

bool FilterMachine::at_end_of_message() const {
  return due_ != nullptr && due_->rank == Rank::end_of_message;
}

Said FilterMachine::may_answer(AnswerSet answer) const {
  if (due_ == nullptr || closing_) return Said::not_due;
  if (((due_->answers | answers::go_on) & answer) == 0) return Said::not_allowed;
  if (answer == answers::skip && !granted(step::skip)) return Said::not_negotiated;
  const AnswerSet after_quarantine = answers::accept | answers::go_on | answers::tempfail;
  if (change_ == Change::quarantine && (answer & after_quarantine) == 0) return Said::not_allowed;
  return Said::said;
}

Said FilterMachine::answer(Verdict verdict) {
  const AnswerSet bit = bit_of(verdict);
  if (const Said may = may_answer(bit); may != Said::said) return may;
  const bool taken = (bit & (answers::accept | answers::go_on)) != 0;
  if (taken && change_ != Change::quarantine && nobody_left())
    verdict = Verdict::discard;
  else if (taken)
    finish_body();
  append_packet(output_, static_cast<char>(verdict));
  settle(bit_of(verdict));
  return Said::said;
}

Said FilterMachine::answer(const ReplyCode& reply) {
  if (const Said may = may_answer(answers::reply_code); may != Said::said) return may;
  const auto text = format(reply);
  if (!text) return Said::malformed;
  append_packet(output_, 'y', *text);
  settle(answers::reply_code);
  return Said::said;
}

void FilterMachine::settle(AnswerSet answer) {
  const Row& row = *std::exchange(due_, nullptr);
  if ((answer & refusals) != 0) {
    if (row.rank == Rank::rcpt && std::exchange(counted_, false)) paths_.pop_back();
    if (row.rank == Rank::data) rank_ = Rank::rcpt;
  }
  if ((row.ends & answer) == 0) return;
  end_message();
  macros_.forget_message();
}

bool FilterMachine::progress() {
  if (!at_end_of_message() || changing_body()) return false;
  append_packet(output_, 'p');
  return true;
}

Said FilterMachine::may_change(Flags needed, Change change, Repeats repeats) const {
  if (!at_end_of_message()) return Said::not_due;
  if (!may(needed)) return Said::not_negotiated;
  const bool in_order = change > change_ || (change == change_ && repeats == Repeats::yes);
  return in_order ? Said::said : Said::not_allowed;
}

Said FilterMachine::change_headers(const std::vector<HeaderEdit>& edits) {
  Flags needed = 0;
  for (const HeaderEdit& edit : edits) needed |= needed_action(edit.kind);
  if (const Said may = may_change(needed, Change::headers, Repeats::no); may != Said::said) return may;
  if (!append_edits(output_, edits, leading_space())) return Said::malformed;
  change_ = Change::headers;
  return Said::said;
}

Said FilterMachine::remove_recipient(std::string_view path) {
  const Said may = may_change(action::remove_recipients, Change::recipients, Repeats::yes);
  if (may != Said::said) return may;
  const auto whole = path_of(path);
  if (!whole) return Said::malformed;
  std::string data;
  append_text(data, *whole);
  append_packet(output_, '-', data);
  change_ = Change::recipients;
  if (std::erase_if(paths_, [&](const std::string& shown) { return shown == path || shown == *whole; }) > 0)
    removed_ = true;
  return Said::said;
}

Said FilterMachine::add_recipient(std::string_view path, std::string_view arguments) {
  const Flags needed = arguments.empty() ? action::add_recipients : action::add_recipients_with_arguments;
  const Said may = may_change(needed, Change::recipients, Repeats::yes);
  if (may != Said::said) return may;
  const auto whole = path_of(path);
  if (!whole || std::ranges::any_of(arguments, is_control)) return Said::malformed;
  std::string data;
  append_text(data, *whole);
  if (!arguments.empty()) append_text(data, arguments);
  append_packet(output_, arguments.empty() ? '+' : '2', data);
  change_ = Change::recipients;
  added_ = true;
  return Said::said;
}

Said FilterMachine::change_sender(std::string_view path, std::string_view arguments) {
  const Said may = may_change(action::change_sender, Change::sender, Repeats::no);
  if (may != Said::said) return may;
  const auto whole = path_of(path);
  if (!whole || std::ranges::any_of(arguments, is_control)) return Said::malformed;
  std::string data;
  append_text(data, *whole);
  if (!arguments.empty()) append_text(data, arguments);
  append_packet(output_, 'e', data);
  change_ = Change::sender;
  return Said::said;
}

Said FilterMachine::replace_body(std::string_view piece) {
  const Said may = may_change(action::change_body, Change::body, Repeats::yes);
  if (may != Said::said) return may;
  change_ = Change::body;
  for (const char character : piece) {
    if (character == '\n' && !carriage_return_) {
      new_body_ += '\r';
      if (new_body_.size() == chunk_) send_chunk();
    }
    new_body_ += character;
    carriage_return_ = character == '\r';
    if (new_body_.size() == chunk_) send_chunk();
  }
  return Said::said;
}

void FilterMachine::send_chunk() {
  append_packet(output_, 'b', new_body_);
  new_body_.clear();
  chunk_sent_ = true;
}

// An empty body is said too, or the old one would stay.
void FilterMachine::finish_body() {
  if (changing_body() && (!new_body_.empty() || !chunk_sent_)) send_chunk();
}

Said FilterMachine::quarantine(std::string_view reason) {
  const Said may = may_change(action::quarantine, Change::quarantine, Repeats::no);
  if (may != Said::said) return may;
  finish_body();
  std::string data;
  append_text(data, one_line(reason));
  append_packet(output_, 'q', data);
  change_ = Change::quarantine;
  return Said::said;
}

}  // namespace rastel::milter
