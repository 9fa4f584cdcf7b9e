// SPDX-License-Identifier: GPL-2.0-only
// A filter's side of the milter protocol, versions 2 to 6 (PROTOCOLS B), without a socket: bytes in, events
// and bytes to send out. It negotiates by itself and holds the order of commands; everything else is an event
// that its owner (a door) answers, one at a time: receive() → next() → go_on() or answer() → next() … until
// next() says nullopt, then send take_output() and receive() more; end_of_input() where the peer closes.
//
//   EndOfMessage → progress() every few seconds → change_headers() → remove_recipient() … → change_sender()
//   → replace_body() … → quarantine() → answer()        each where it is needed, in this order (B-11)
//
// Not thread-safe; knows no time: deadlines and how often progress() is said are the owner's. So is the size
// of the message. Kept are one packet and what the last receive() brought, the macros (a packet a stage), the
// recipients' paths, and one chunk of a new body; so an owner reads only after nullopt, and while an answer
// is due just enough to notice that the peer has left. Nothing that the peer sends is asserted on: it becomes
// an event or a Violation, after which the machine is closing().
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/milter/event.hpp"
#include "protocol/milter/flags.hpp"
#include "protocol/milter/header_edit.hpp"
#include "protocol/milter/macros.hpp"
#include "protocol/milter/packet.hpp"
#include "protocol/milter/reply_code.hpp"

namespace rastel::milter {

struct FilterOptions {
  // What is wished for; granted is what the mail server offers of it (B-02).
  Flags actions = action::add_headers | action::change_body | action::add_recipients |
                  action::remove_recipients | action::change_headers | action::quarantine |
                  action::change_sender | action::add_recipients_with_arguments;
  // A silent_… step can't be answered any more, not even with a refusal (B-04).
  Flags steps = step::no_unknown | step::skip | step::leading_space;
  // The only ones that are sent then, by mail servers that let them be chosen (B-05). Without braces.
  std::vector<std::pair<Stage, std::vector<std::string>>> macros;

  // Hard limits (B-36).
  std::size_t longest_packet = 256 * 1024;  // octets of data; of a chunk of a body: what was negotiated
  std::size_t longest_command = 16 * 1024;  // octets of CONNECT, HELO, MAIL, RCPT, an unknown command
  std::size_t most_arguments = 64;          // of MAIL and RCPT
  std::size_t most_recipients = 1000;       // then OverLimit
  std::size_t most_headers = 5000;          // then OverLimit
  std::size_t most_header_octets = 4 * 1024 * 1024;  // of a message's header; then OverLimit
};

enum class Verdict : char {
  go_on = 'c',
  accept = 'a',  // nothing more of this message (or, at CONNECT and HELO, of this client) is to be seen
  discard = 'd',
  reject = 'r',
  tempfail = 't',
  skip = 's',  // the rest of the body: EndOfMessage comes next
};

// What became of an answer or a change. Only with `said` something was sent; with all others the machine is
// where it was.
enum class Said : std::uint8_t {
  said,
  not_due,         // nothing waits for it: a silent step (B-04), or it was answered or given up
  not_allowed,     // not to this step, or not in this order (B-11)
  not_negotiated,  // this mail server can't: do something stricter (B-02)
  malformed,       // it can't be said in the protocol's terms
};

class FilterMachine {
 public:
  explicit FilterMachine(FilterOptions options) : options_(std::move(options)) {}

  void receive(std::string_view bytes) { decoder_.receive(bytes); }
  void end_of_input() { ended_ = true; }
  // nullopt: more bytes are needed, the event before has not been answered, or the machine is closing(). An
  // unanswered step of a message is given up by Abort or the end, which don't wait.
  [[nodiscard]] std::optional<Event> next();

  // Whether the last event of next() waits for go_on() or answer(); next() gives no other until then.
  [[nodiscard]] bool answer_due() const { return due_ != nullptr; }
  void go_on() { (void)answer(Verdict::go_on); }  // to any event; nothing where no answer is due
  // With EndOfMessage `go_on` is final as well; `accept` becomes `discard` where all recipients that were
  // shown have been removed (B-14).
  [[nodiscard]] Said answer(Verdict verdict);
  [[nodiscard]] Said answer(const ReplyCode& reply);

  // Behind EndOfMessage, before its answer.
  bool progress();  // "still at work"; false: not now (B-20), nor within a new body
  [[nodiscard]] Said change_headers(const std::vector<HeaderEdit>& edits);  // all of them, once
  [[nodiscard]] Said remove_recipient(std::string_view path);               // as it was in Rcpt (B-14)
  // Arguments: for Postfix NOTIFY and ORCPT, RET and ENVID; for Sendmail better none.
  [[nodiscard]] Said add_recipient(std::string_view path, std::string_view arguments = {});
  [[nodiscard]] Said change_sender(std::string_view path, std::string_view arguments = {});
  // The next piece of a body that takes the place of the old one; the first may be empty. A bare LF becomes
  // CR LF (B-12). The header that describes it is the owner's to change.
  [[nodiscard]] Said replace_body(std::string_view piece);
  // The mail server holds the message (B-15); only accept, go_on or tempfail can follow.
  [[nodiscard]] Said quarantine(std::string_view reason);

  [[nodiscard]] const event::Negotiated& negotiated() const { return negotiated_; }
  [[nodiscard]] bool may(Flags actions) const { return (negotiated_.actions & actions) == actions; }
  [[nodiscard]] LeadingSpace leading_space() const {  // for MessageRebuilder
    return granted(step::leading_space) ? LeadingSpace::kept : LeadingSpace::eaten;
  }
  [[nodiscard]] const Macros& macros() const { return macros_; }
  [[nodiscard]] std::size_t recipients() const { return paths_.size(); }  // shown and not refused

  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  // To be sent before more is added: the mail server waits, or a new body has piled up.
  [[nodiscard]] bool wants_flush() const {
    return has_output() && (!changing_body() || output_.size() >= chunk_);
  }
  // The connection is over once the output is sent.
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] bool in_message() const { return state_ == message; }
  // No message, no part of a packet, no answer: where a drain may close.
  [[nodiscard]] bool at_rest() const { return !in_message() && due_ == nullptr && decoder_.empty(); }
  // What a large packet has left behind goes back: the verdict may be far away. Ends the last event's views.
  void release_buffers();
  [[nodiscard]] std::size_t held_for_test() const { return decoder_.held(); }  // bytes

 private:
  // As bits, so that a row can name several. `opened`: negotiated, no client yet.
  enum State : std::uint8_t { unopened = 1, opened = 2, session = 4, message = 8 };
  static constexpr std::uint8_t after_opening = opened | session | message;
  // Where within a message; each may be left out, and some repeat.
  enum class Rank : std::uint8_t { none, mail, rcpt, data, header, end_of_headers, body, end_of_message };
  enum class Repeats : std::uint8_t { no, yes };
  // What must end before this command, unanswered or not: a message that is given up so.
  enum class GivesUp : std::uint8_t { nothing, message };
  enum class Change : std::uint8_t { none, headers, recipients, sender, body, quarantine };
  // What to tell the owner, if anything; or the sentence of a Violation.
  using Read = std::expected<std::optional<Event>, std::string_view>;
  using AnswerSet = std::uint8_t;
  // The command table has a row a command (filter_commands.cpp).
  struct Row {
    char command;
    std::uint8_t allowed;  // State bits
    Rank rank;             // of what belongs to a message
    Repeats repeats;
    GivesUp gives_up;
    Flags silent;       // negotiated, it isn't answered; 0: by `answers` alone
    AnswerSet answers;  // besides go_on; nothing: it is never answered
    AnswerSet ends;     // those that end the message
    std::optional<Stage> stage;
    Read (FilterMachine::*read)(std::string_view data);
  };
  static const Row* find_row(char command);

  [[nodiscard]] std::optional<Event> handle(const Row& row, const Packet& packet);
  [[nodiscard]] std::optional<std::string_view> misplaced(const Row& row) const;
  [[nodiscard]] bool waits(const Packet& packet) const;
  [[nodiscard]] std::uint8_t places() const;
  [[nodiscard]] Event gone();
  [[nodiscard]] Event violation(std::string_view what);
  void begin(const Row& row);
  void end_message();
  [[nodiscard]] PacketLimits limits() const { return {.body = chunk_, .other = options_.longest_packet}; }
  [[nodiscard]] bool granted(Flags steps) const { return (negotiated_.steps & steps) == steps; }

  [[nodiscard]] Read read_negotiation(std::string_view data);
  void answer_negotiation();
  [[nodiscard]] Read read_macros(std::string_view data);
  [[nodiscard]] Read read_connect(std::string_view data);
  [[nodiscard]] Read read_helo(std::string_view data);
  [[nodiscard]] Read read_mail(std::string_view data);
  [[nodiscard]] Read read_rcpt(std::string_view data);
  [[nodiscard]] Read read_data(std::string_view data);
  [[nodiscard]] Read read_header(std::string_view data);
  [[nodiscard]] Read read_end_of_headers(std::string_view data);
  [[nodiscard]] Read read_body(std::string_view data);
  [[nodiscard]] Read read_end_of_message(std::string_view data);
  [[nodiscard]] Read read_unknown(std::string_view data);
  [[nodiscard]] Read read_abort(std::string_view data);
  [[nodiscard]] Read read_quit(std::string_view data);
  [[nodiscard]] Read read_quit_new_connection(std::string_view data);
  [[nodiscard]] bool header_fits(std::size_t octets);

  [[nodiscard]] Said may_answer(AnswerSet answer) const;
  void settle(AnswerSet answer);
  [[nodiscard]] Said may_change(Flags needed, Change change, Repeats repeats) const;
  [[nodiscard]] bool at_end_of_message() const;
  [[nodiscard]] bool changing_body() const { return change_ == Change::body; }
  [[nodiscard]] bool nobody_left() const { return removed_ && !added_ && !uncounted_ && paths_.empty(); }
  void finish_body();
  void send_chunk();

  FilterOptions options_;
  PacketDecoder decoder_;
  Macros macros_;
  std::string output_;
  event::Negotiated negotiated_;
  std::size_t chunk_ = chunk_64k;  // negotiated, octets
  std::uint8_t state_ = unopened;
  const Row* due_ = nullptr;  // whose event waits for its answer
  bool ended_ = false;        // the peer has closed
  bool closing_ = false;

  // Of the message.
  Rank rank_ = Rank::none;
  std::vector<std::string> paths_;  // of recipients shown and not refused
  bool counted_ = false;            // the last recipient is among them
  bool uncounted_ = false;          // there may be recipients beyond the limit
  std::size_t headers_ = 0;
  std::size_t header_octets_ = 0;
  bool over_told_ = false;  // that the header is over its limits
  bool tail_told_ = false;  // the chunk within the packet of the end of the message
  Change change_ = Change::none;
  bool removed_ = false, added_ = false;  // a recipient
  std::string new_body_;                  // the chunk that isn't full yet
  bool chunk_sent_ = false;
  bool carriage_return_ = false;  // the new body's last octet
};

}  // namespace rastel::milter
