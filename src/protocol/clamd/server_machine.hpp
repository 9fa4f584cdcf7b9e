// SPDX-License-Identifier: GPL-2.0-only
// The server side of clamd's protocol (clamd(8), docs/clamd.md) without a socket: bytes in, and word of a
// descriptor that came with them; events and bytes to send out. Its owner (a door) calls receive() → next()
// until it says nullopt, sends take_output(), and receives more. An event with a Ticket is answered by it,
// whenever the owner is ready: in a session (IDSESSION) as many as ServerOptions::most_unanswered may wait
// for their answers, which go out in the order in which they are given, as with clamd; outside of one the
// first command is the only one. What is wrong is answered here, and Refused tells the owner, for its log.
// Nothing is refused and gone on with: behind a refusal the session is over, as with clamd. Not thread-safe.
// Bounded: it keeps one command of at most `longest_command` octets and what the last receive() brought, so
// an owner should receive only behind a nullopt with wants_input(); wants_flush() bounds the answers. Content
// of a stream is handed on, never kept. Knows no time: see time_out() and input_rests(). It doesn't look at
// paths: which may be scanned is the owner's to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/clamd/command.hpp"

namespace rastel::clamd {

// What an answer belongs to. `number`: of the command in its session, from 1; 0 outside of one.
struct Ticket {
  std::uint64_t number = 0;
  Form form = Form::null;
  bool operator==(const Ticket&) const = default;
};

enum class ScanKind : std::uint8_t { scan, contscan, multiscan, allmatchscan };

enum class Refusal : std::uint8_t {
  unknown_command,
  not_permitted,     // SHUTDOWN, or what the options don't allow
  not_in_session,    // unknown ones too
  plain_in_session,  // a command without n or z
  command_too_long,  // without an answer, if it has a prefix
  no_descriptor,     // FILDES without one
  stray_descriptor,  // one without FILDES
  stream_too_long,
  stream_refused  // by the owner
};

namespace event {
struct Ping {
  Ticket ticket;  // "PONG"
};
struct Version {
  Ticket ticket;  // "ClamAV 1.4.6/27500/Sun Jan  5 10:41:32 2025"
};
struct VersionCommands {
  Ticket ticket;  // by answer_commands()
};
struct Stats {
  Ticket ticket;  // by answer_stats()
};
struct Reload {
  Ticket ticket;  // "RELOADING", before it is done
};
struct Scan {
  Ticket ticket;
  ScanKind kind = ScanKind::scan;
  std::string path;  // as it came: empty, relative, with any octet but NUL
};
// Scan the oldest descriptor that was not scanned yet; the owner takes it now.
struct ScanDescriptor {
  Ticket ticket;
};
struct StreamBegins {};
struct StreamChunk {
  std::string_view bytes;  // valid until the next call of the machine
};
struct StreamEnds {
  Ticket ticket;
};
struct SessionBegins {};
struct SessionEnds {};  // END; what is unanswered still gets its answer
// Answered already. A stream that was coming is to be dropped, and descriptors that nobody took closed.
struct Refused {
  Refusal what = Refusal::unknown_command;
  std::string command;  // its first 64 octets, fit to be shown
};
}  // namespace event

using Event = std::variant<event::Ping, event::Version, event::VersionCommands, event::Stats, event::Reload,
                           event::Scan, event::ScanDescriptor, event::StreamBegins, event::StreamChunk,
                           event::StreamEnds, event::SessionBegins, event::SessionEnds, event::Refused>;

struct ServerOptions {
  std::size_t longest_command = 4104;  // octets with prefix and terminator: PATH_MAX + 8, as clamd
  std::uint64_t most_stream = 100ULL * 1024 * 1024;  // octets of one stream, clamd's StreamMaxLength
  std::size_t most_unanswered = 1;                   // commands of a session, at least 1
  bool may_scan_paths = false;
  bool may_reload = false;
};

// With how many descriptors the bytes came. Several count as none, as with clamd: the owner closes them all.
enum class Descriptors : std::uint8_t { none, one };

class ServerMachine {
 public:
  explicit ServerMachine(ServerOptions options) : options_(options) {}

  // One read. A descriptor belongs to the command whose octets are among those it came with; there are two at
  // most, one of a command that is begun and one that came with its rest.
  void receive(std::string_view bytes, Descriptors descriptors = Descriptors::none);
  // The client has closed its side: what is unanswered is still answered, a part of a command or stream is
  // dropped; without LF a plain command is over now.
  void end_of_input() { input_over_ = true; }
  // Nothing came for a while (a second, say): a plain command without LF, which clamd takes as it comes, is
  // over, unless it has an argument that might be cut.
  void input_rests() { input_rests_ = true; }
  // nullopt: more bytes are needed, most_unanswered wait for their answers, or nothing more is taken.
  [[nodiscard]] std::optional<Event> next();
  // Whether another receive() can bring an event before an answer is given.
  [[nodiscard]] bool wants_input() const { return !over_ && !input_over_ && may_take(); }

  // The answer to an event, as answer.hpp formats it; one that was given already is ignored. Where the client
  // could take an octet of it for the answer's end, `?` stands for it.
  void answer(const Ticket& ticket, std::string_view text);
  // One of several lines: answer() or finish() comes behind.
  void answer_line(const Ticket& ticket, std::string_view text);
  void finish(const Ticket& ticket) { (void)settle(ticket); }
  void answer_commands(const Ticket& ticket, std::string_view version);
  void answer_stats(const Ticket& ticket, std::string_view text);  // its LF stay
  // Between StreamBegins and StreamEnds: says it and takes nothing more, as clamd does without room for it.
  [[nodiscard]] std::optional<Event> refuse_stream(std::string_view text);
  // The client has been silent for too long.
  void time_out();
  // Nothing more is taken; what is unanswered is still answered.
  void stop() { over_ = true; }

  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  [[nodiscard]] bool has_output() const { return !output_.empty(); }
  [[nodiscard]] bool wants_flush() const { return output_.size() >= piled_up; }
  // The session is over once the output is sent. A client may be sending still: who closes at once has the
  // kernel reset the connection, and over TCP the answer may be lost with it.
  [[nodiscard]] bool closing() const { return over_ && unanswered_.empty(); }
  // Nothing is begun: no part of a command or stream, nothing unanswered.
  [[nodiscard]] bool at_rest() const;
  [[nodiscard]] bool in_session() const { return session_; }
  [[nodiscard]] bool receiving_stream() const { return stream_.has_value(); }
  [[nodiscard]] std::size_t unanswered() const { return unanswered_.size(); }
  [[nodiscard]] std::size_t held_for_test() const { return input_.capacity(); }  // bytes

 private:
  static constexpr std::size_t piled_up = 16UL * 1024;
  static constexpr std::size_t most_descriptors = 2;
  struct Stream {
    Ticket ticket;
    std::uint64_t left = 0;        // of most_stream
    std::uint32_t chunk_left = 0;  // of the chunk that is coming
  };
  // A command that is whole: its text without prefix, CR and terminator, and all that it takes up.
  struct Line {
    Form form = Form::null;
    std::string_view text;
    std::size_t length = 0;
  };

  [[nodiscard]] bool may_take() const {
    return unanswered_.empty() || unanswered_.size() < options_.most_unanswered;
  }
  [[nodiscard]] std::string_view pending() const { return std::string_view(input_).substr(used_); }
  [[nodiscard]] std::uint64_t position() const { return passed_ + used_; }
  [[nodiscard]] std::optional<Event> next_command();
  [[nodiscard]] std::optional<Event> next_stream();
  [[nodiscard]] std::optional<Line> whole_line() const;
  [[nodiscard]] bool plain_is_over() const;
  [[nodiscard]] bool permitted(const Row& row) const;
  [[nodiscard]] std::optional<Event> take(const Line& line);
  [[nodiscard]] Event apply(const Command& command);
  [[nodiscard]] Event refuse(Refusal what, std::string_view text, std::string_view command);
  [[nodiscard]] Event too_long();
  [[nodiscard]] Ticket ticket() const { return {session_ ? number_ : 0, form_}; }
  [[nodiscard]] Ticket take_ticket();
  void pass(std::size_t length);
  [[nodiscard]] bool settle(const Ticket& ticket);
  void say(const Ticket& ticket, std::string_view text);

  ServerOptions options_;
  std::string input_;
  std::size_t used_ = 0;      // of input_
  std::uint64_t passed_ = 0;  // octets before input_
  // Where the reads ended that brought the descriptors which nobody took yet; at most `most_descriptors`.
  std::vector<std::uint64_t> descriptors_;
  std::optional<Stream> stream_;
  std::vector<Ticket> unanswered_;
  std::string output_;
  std::uint64_t number_ = 0;  // of the command that is looked at
  Form form_ = Form::null;    // its form; clamd begins with this one
  bool session_ = false;
  bool stray_ = false;  // a descriptor is left behind a command that wants none
  bool input_over_ = false;
  bool input_rests_ = false;
  bool over_ = false;  // nothing more is taken
};

}  // namespace rastel::clamd
