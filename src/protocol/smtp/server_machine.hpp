// SPDX-License-Identifier: GPL-2.0-only
// The server side of SMTP (RFC 5321) and LMTP (RFC 2033) without a socket: bytes in, events and bytes to send
// out. It answers itself what is wrong in syntax or sequence; everything else is an event that its owner (a
// door) answers, one at a time: receive() → next() → answer…() → next() … until next() says nullopt, then
// send take_output() and receive() more. Not thread-safe. Bounded by its owner's reads: what is kept is one
// command line and what the last receive() brought, so an owner that reads only after nullopt keeps a
// client's pipelined commands in the kernel; wants_flush() bounds the replies. Reads nothing of the content;
// its size is the owner's to count (refuse_content()).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/smtp/address.hpp"
#include "protocol/smtp/command.hpp"
#include "protocol/smtp/data_decoder.hpp"
#include "protocol/smtp/ehlo.hpp"
#include "protocol/smtp/parameters.hpp"
#include "protocol/smtp/reply.hpp"
#include "protocol/smtp/sasl.hpp"
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
  std::uint64_t size = 0;  // SIZE=; 0: not said; the largest number for what is beyond 64 bits
};
struct Rcpt {
  std::string command;
  PathArguments path;
};
// The message is about to come: answer 354 to take it, 4xx/5xx to refuse it. With BDAT no 354 goes out, the
// octets come anyway, and a refusal is sent behind them.
struct Data {
  bool chunked = false;
};
struct Content {
  std::string_view bytes;  // decoded; valid until the next call of the machine
};
struct EndOfContent {
};  // answer() says the same for each recipient in LMTP, answer_recipients() what each gets
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
// answer() 220 and send it, shake hands, then say tls_begun(), or tls_failed(); or refuse with 454.
struct StartTls {};
// Answered 220 the session begins anew: all that was known of the client is forgotten (PROTOCOLS A-22).
struct Xclient {
  std::vector<Attribute> attributes;
};
// A line for whoever authenticates: the command "AUTH …", or what answers his 334. Answer with his reply; 334
// asks for one more line, 235 is success.
struct Auth {
  std::string line;  // without CRLF; secret: neither log nor keep it
};
// Bytes came behind the end of data from a client that had no leave to send ahead: only smuggling explains
// that (PROTOCOLS A-13); or behind STARTTLS, where they would be taken for text of the encrypted session
// . The message is not to be taken: answer() it, the machine closes behind the reply.
struct Violation {
  std::string_view what;
};
}  // namespace event

using Event = std::variant<event::Hello, event::Mail, event::Rcpt, event::Data, event::Content,
                           event::EndOfContent, event::Reset, event::Noop, event::Quit, event::Relay,
                           event::Xforward, event::StartTls, event::Xclient, event::Auth, event::Violation>;

// STARTTLS as the door is configured; `required`: until then nothing but a hello, NOOP, RSET and QUIT.
enum class StartTls : std::uint8_t { absent, offered, required };

struct ServerOptions {
  Protocol protocol = Protocol::smtp;
  std::size_t longest_command = 4096;  // octets with its CRLF; longer: read to its end, answered 500 once
  std::size_t most_recipients = 1000;
  std::uint64_t most_content = 0;  // octets, for MAIL SIZE=; 0: no limit
  bool may_xforward = false;
  StartTls starttls = StartTls::absent;
  bool may_xclient = false;
  std::uint32_t most_errors = 20;  // without a message taken in between; then 421 and the end
  // Neither a login nor a recipient was accepted by then: 421 and the end. 0: no limit (PROTOCOLS X-23).
  std::uint32_t most_commands_before_auth = 0;
};

class ServerMachine {
 public:
  explicit ServerMachine(ServerOptions options) : options_(options) {}

  void greet(const Reply& banner) { say(banner); }
  void receive(std::string_view bytes);
  // nullopt: more bytes are needed, the event before has not been answered, or the session is closing().
  [[nodiscard]] std::optional<Event> next();

  // The reply to the event that next() gave; Content takes none.
  void answer(const Reply& reply);
  // To Hello: 250 with the keywords (EHLO, LHLO), or the bare 250 of HELO. A refusal goes by answer().
  void answer_hello(std::string_view host, const Keywords& keywords);
  // To EndOfContent where replies_per_recipient(): one reply a recipient accepted, in order (RFC 2033 4.2);
  // fewer are filled up with 451. With PRDR 353 comes before them, and a last reply that sums them up behind.
  void answer_recipients(const std::vector<Reply>& replies);
  // While content comes: its rest is read and dropped, and `reply` said at its end.
  void refuse_content(Reply reply);

  // After the handshake: everything learned before is forgotten but that there was one (RFC 3207 4.2). Also
  // to be said before the banner where TLS comes first.
  void tls_begun();
  void tls_failed() { closing_ = true; }  // without a word: nobody could read it
  [[nodiscard]] bool inside_tls() const { return inside_tls_; }
  [[nodiscard]] bool offers_starttls() const { return options_.starttls != StartTls::absent && !inside_tls_; }

  // What a large message has left behind goes back: its verdict may be far away.
  void release_buffers();
  [[nodiscard]] std::size_t held_for_test() const {
    return input_.capacity() + decoded_.capacity();
  }  // bytes

  [[nodiscard]] std::string take_output() {
    group_ended_ = false;
    return std::exchange(output_, {});
  }
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  // Output that should go out before next() is asked again: no whole command is left, the client waits for
  // this very reply (RFC 2920 3.2), or replies have piled up. Otherwise a group's replies go out together.
  [[nodiscard]] bool wants_flush() const;
  // The session is over once the output is sent.
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] bool receiving_content() const { return mode_ != Mode::command && mode_ != Mode::auth; }
  // Nothing is begun: no transaction, no part of a command. Where a drain may say 421.
  [[nodiscard]] bool at_rest() const;
  void shut_down(const Reply& reply);  // says 421 and closes
  [[nodiscard]] std::size_t recipients() const { return recipients_; }
  [[nodiscard]] bool chunked() const { return chunked_; }
  // The client has asked, for this message, for a reply a recipient (PRDR, draft-hall-prdr-00, Exim).
  [[nodiscard]] bool wants_prdr() const { return prdr_; }
  // Whether they can have different replies: by answer_recipients() instead of answer().
  [[nodiscard]] bool replies_per_recipient() const {
    return options_.protocol == Protocol::lmtp || (prdr_ && recipients_ > 1);
  }
  // While MAIL waits for its answer: the RCPT commands that the client has sent behind it already, as far as
  // they are whole and right and at most `most`, for who wants to hand all of them on together (RFC 2920).
  // Each comes as an event all the same.
  [[nodiscard]] std::vector<event::Rcpt> recipients_ahead(std::size_t most) const;
  // The client has sent QUIT ahead, and nothing else: it may close its side and waits for replies all the
  // same.
  [[nodiscard]] bool quits_next() const;
  // Of the whole session, forgiven ones too: what was wrong in syntax or sequence, and failed logins.
  [[nodiscard]] std::uint32_t all_errors() const { return all_errors_; }
  // Who logged in (235); empty: nobody.
  [[nodiscard]] const std::string& authenticated_user() const { return authenticated_user_; }
  // Neither a login nor a recipient was accepted yet.
  [[nodiscard]] bool unproved() const { return !welcome_; }
  // All that the client has said is forgotten, as after XCLIENT or STARTTLS; it has to say EHLO again.
  void forget_client();

 private:
  // `stray_chunk`: octets of a BDAT that was not due, which come whatever we say. `content_end`: all content
  // was read. `handshake`: 220 to STARTTLS was said, and nothing that comes now is for us. `auth`: the next
  // line answers a 334.
  enum class Mode : std::uint8_t { command, data, chunk, stray_chunk, content_end, handshake, auth };
  struct Command {
    std::string line;
    std::string_view arguments;  // into `line`
    Verb verb;
  };
  // What to tell the owner, if anything; or the refusal.
  using Checked = std::expected<std::optional<Event>, Reply>;
  // The command table has a row a verb (server_commands.cpp); the owner's policy sits between check and
  // apply.
  struct Row {
    std::string_view name;
    Verb verb;
    Protocols protocols;
    std::uint8_t allowed;  // State bits
    Pipelining pipelining;
    Checked (ServerMachine::*check)(Command&);
    void (ServerMachine::*apply)(const Reply&);
    std::string_view elsewhere;  // the text of 503 where it is not allowed
  };
  // What comes by no command, but is answered like one.
  static const Row content_end_row;
  static const Row violation_row;
  static const Row auth_row;

  [[nodiscard]] std::optional<Event> next_command();
  [[nodiscard]] std::optional<Event> next_auth();
  [[nodiscard]] std::optional<Event> next_data();
  [[nodiscard]] std::optional<Event> next_chunk();
  [[nodiscard]] std::optional<std::string> take_line();
  [[nodiscard]] std::size_t longest_line() const;
  [[nodiscard]] std::optional<Event> end_of_chunk();
  [[nodiscard]] std::optional<Event> end_of_content();
  void say(const Reply& reply);
  void refuse_command(const Reply& reply);
  [[nodiscard]] bool too_many_errors();
  [[nodiscard]] std::size_t replies_to_content() const;
  void end_transaction();
  [[nodiscard]] std::string_view pending() const { return std::string_view(input_).substr(used_); }

  // Checks of the table: they refuse or make the event, and change nothing but what BDAT's octets need.
  [[nodiscard]] static const Row* find_row(std::string_view word);
  [[nodiscard]] Checked check_hello(Command& command);
  [[nodiscard]] Checked check_mail(Command& command);
  [[nodiscard]] Checked check_rcpt(Command& command);
  [[nodiscard]] std::expected<PathArguments, Reply> read_rcpt(std::string_view arguments) const;
  [[nodiscard]] Checked check_data(Command& command);
  [[nodiscard]] Checked check_bdat(Command& command);
  [[nodiscard]] Checked check_rset(Command& command);
  [[nodiscard]] Checked check_noop(Command& command);
  [[nodiscard]] Checked check_quit(Command& command);
  [[nodiscard]] Checked check_relay(Command& command);
  [[nodiscard]] Checked check_xforward(Command& command);
  [[nodiscard]] Checked check_starttls(Command& command);
  [[nodiscard]] bool must_start_tls(Verb verb) const;
  [[nodiscard]] Checked check_xclient(Command& command);
  [[nodiscard]] Checked check_auth(Command& command);
  [[nodiscard]] bool parameters_known(const PathArguments& path, ParameterOf command) const;
  // Applies of the table: what the owner's answer changes. They can't refuse.
  void apply_nothing(const Reply& reply) { say(reply); }
  void apply_mail(const Reply& reply);
  void apply_rcpt(const Reply& reply);
  void apply_data(const Reply& reply);
  void apply_rset(const Reply& reply);
  void apply_quit(const Reply& reply);
  void apply_starttls(const Reply& reply);
  void apply_content(const Reply& reply);
  void apply_xclient(const Reply& reply);
  void apply_auth(const Reply& reply);

  ServerOptions options_;
  SaslExchange sasl_;
  std::string authenticated_user_;
  bool welcome_ = false;  // authenticated, or a recipient was accepted
  std::uint32_t commands_ = 0;
  std::uint32_t all_errors_ = 0;
  Keywords keywords_;
  std::string input_;
  std::size_t used_ = 0;  // of input_
  std::string output_;
  std::string decoded_;
  DataDecoder decoder_;
  std::uint8_t state_ = greeted;
  Mode mode_ = Mode::command;
  const Row* due_ = nullptr;  // whose event waits for its answer
  Verb hello_ = Verb::ehlo;
  bool overlong_ = false;     // within a line that is too long
  bool group_ended_ = false;  // the last reply is one that the client waits for
  bool utf8_ = false;         // MAIL said SMTPUTF8
  bool prdr_ = false;         // MAIL said PRDR
  bool chunked_ = false;
  bool last_chunk_ = false;
  bool content_open_ = false;  // the owner has accepted the message
  bool inside_tls_ = false;
  bool closing_ = false;
  std::optional<Reply> refusal_;
  std::uint64_t chunk_left_ = 0;
  std::size_t recipients_ = 0;
  std::uint32_t errors_ = 0;
};

}  // namespace rastel::smtp
