// SPDX-License-Identifier: GPL-2.0-only
// The server side of SMTP (RFC 5321) and LMTP (RFC 2033) without a socket: bytes in, events and bytes to send out. It
// answers itself what is wrong in syntax or sequence; everything else is an event that its owner (a door) answers, one
// at a time: receive() → next() → answer…() → next() … until next() says nullopt, then send take_output() and
// receive() more. Not thread-safe; bounded: one command line plus what was received at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/smtp/address.hpp"
#include "protocol/smtp/command.hpp"
#include "protocol/smtp/data_decoder.hpp"
#include "protocol/smtp/ehlo.hpp"
#include "protocol/smtp/reply.hpp"
#include "protocol/smtp/xtext.hpp"

namespace rastel::smtp {

enum class Protocol : std::uint8_t { smtp, lmtp };

namespace event {
struct Hello {
  Verb verb = Verb::ehlo;
  std::string name;
};
struct Mail {
  std::string command;  // to be forwarded as it is, without CRLF
  PathArguments path;
};
struct Rcpt {
  std::string command;
  PathArguments path;
};
// The message is about to come: answer 354 to take it, 4xx/5xx to refuse it. With BDAT no 354 goes out, the octets come
// anyway, and a refusal is sent behind them.
struct Data {
  bool chunked = false;
};
struct Content {
  std::string_view bytes;  // decoded; valid until the next call of the machine
};
struct EndOfContent {};  // answer(), or answer_recipients() for LMTP
struct Reset {};
struct Noop {};
struct Quit {};
struct Relay {  // VRFY, EXPN, HELP, ETRN
  Verb verb = Verb::noop;
  std::string command;
};
struct Xforward {
  std::vector<Attribute> attributes;
};
// Content came in a way that only smuggling explains (PROTOCOLS A-13). The message is not to be taken: answer() it, the
// machine closes behind the reply.
struct Violation {
  std::string_view what;
};
}  // namespace event

using Event = std::variant<event::Hello, event::Mail, event::Rcpt, event::Data, event::Content, event::EndOfContent,
                           event::Reset, event::Noop, event::Quit, event::Relay, event::Xforward, event::Violation>;

struct ServerOptions {
  Protocol protocol = Protocol::smtp;
  std::size_t longest_command = 4096;  // octets with its CRLF; longer: read to its end, answered 500 once
  std::size_t most_recipients = 1000;
  std::uint64_t most_content = 0;  // octets, for MAIL SIZE=; 0: no limit
  bool may_xforward = false;
  std::uint32_t most_errors = 20;  // then 421 and the end
};

class ServerMachine {
 public:
  explicit ServerMachine(ServerOptions options) : options_(options) {}

  void greet(const Reply& banner) { say(banner); }
  void receive(std::string_view bytes);
  [[nodiscard]] std::optional<Event> next();

  // The reply to the event that next() gave; Content takes none.
  void answer(const Reply& reply);
  // To Hello: 250 with the keywords (EHLO, LHLO), or the bare 250 of HELO.
  void answer_hello(std::string_view host, const Keywords& keywords);
  // To EndOfContent in LMTP: one reply a recipient accepted, in order (RFC 2033 4.2); fewer are filled up with 451.
  void answer_recipients(const std::vector<Reply>& replies);
  // While content comes: its rest is read and dropped, and `reply` said at its end.
  void refuse_content(Reply reply);

  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  // The session is over once the output is sent.
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] bool receiving_content() const { return mode_ != Mode::command; }
  // Nothing is begun: no transaction, no part of a command. Where a drain may say 421.
  [[nodiscard]] bool at_rest() const { return mode_ == Mode::command && (state_ & (greeted | identified)) != 0 && input_.empty(); }
  void shut_down(const Reply& reply);  // says 421 and closes
  [[nodiscard]] std::size_t recipients() const { return recipients_; }
  [[nodiscard]] bool chunked() const { return chunked_; }

 private:
  enum class Mode : std::uint8_t { command, data, chunk };
  enum class Due : std::uint8_t { nothing, hello, mail, rcpt, data, end_of_content, reset, quit, relay, violation };

  [[nodiscard]] std::optional<Event> next_command();
  [[nodiscard]] std::optional<Event> next_data();
  [[nodiscard]] std::optional<Event> next_chunk();
  [[nodiscard]] std::optional<std::string> take_line();
  [[nodiscard]] std::optional<Event> dispatch(const VerbRow& row, std::string line, std::string_view arguments);
  [[nodiscard]] std::optional<Event> hello(Verb verb, std::string_view arguments);
  [[nodiscard]] std::optional<Event> mail(std::string line, std::string_view arguments);
  [[nodiscard]] std::optional<Event> rcpt(std::string line, std::string_view arguments);
  [[nodiscard]] std::optional<Event> data(std::string_view arguments);
  [[nodiscard]] std::optional<Event> bdat(std::string_view arguments);
  [[nodiscard]] std::optional<Event> xforward(std::string_view arguments);
  [[nodiscard]] std::optional<Event> end_of_chunk();
  [[nodiscard]] bool parameters_known(const PathArguments& path, bool is_mail);
  void answer_data(const Reply& reply);
  void answer_content(const std::string& replies);
  void say(const Reply& reply) { output_ += format(reply); }
  std::nullopt_t error(Reply reply);
  void end_transaction();

  ServerOptions options_;
  Keywords keywords_;
  std::string input_;
  std::size_t used_ = 0;  // of input_
  std::string output_;
  std::string decoded_;
  DataDecoder decoder_;
  std::uint8_t state_ = greeted;
  Mode mode_ = Mode::command;
  Due due_ = Due::nothing;
  Verb hello_ = Verb::ehlo;
  bool overlong_ = false;       // within a line that is too long
  bool chunked_ = false;
  bool last_chunk_ = false;
  bool content_open_ = false;   // the owner has accepted the message
  std::optional<Reply> refusal_;
  std::uint64_t chunk_left_ = 0;
  std::size_t recipients_ = 0;
  std::uint32_t errors_ = 0;
  bool closing_ = false;
};

}  // namespace rastel::smtp
