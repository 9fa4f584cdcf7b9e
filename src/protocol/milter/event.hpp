// SPDX-License-Identifier: GPL-2.0-only
// What a mail server tells a filter, as plain values (FilterMachine gives them). Texts are the mail server's
// and through it any client's: not one is fit to be shown as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/milter/client_address.hpp"
#include "protocol/milter/flags.hpp"

namespace rastel::milter {

enum class Limit : std::uint8_t { recipients, headers };

namespace event {
// Answered already. `missing`: actions that were wished for and that this mail server doesn't allow: who
// needs one has to do something stricter in its place (PROTOCOLS B-02).
struct Negotiated {
  std::uint32_t version = 0;
  Flags actions = 0;  // granted
  Flags steps = 0;    // granted
  Flags missing = 0;
};
struct Connect {
  Client client;
};
struct Helo {
  std::string name;
};
struct Mail {
  std::string path;  // as it came: with angle brackets
  std::vector<std::string> arguments;
};
struct Rcpt {
  std::string path;
  std::vector<std::string> arguments;
  bool refused = false;  // by the mail server: shown for step::refused_recipients' sake (B-33)
};
struct Data {};
struct Header {
  std::string name;
  std::string value;  // lines end in LF; for MessageRebuilder
};
struct EndOfHeaders {};
struct Body {
  std::string_view chunk;  // valid until the next call of the machine
};
// The message is complete. What is said now until the final answer may change it.
struct EndOfMessage {};
// A message that had begun is given up, or nothing: it may come at any time, several times in a row (B-07).
// Also comes before Quit, QuitNewConnection, Helo and Mail where a message hadn't ended. There is no answer.
struct Abort {};
// The end, also where the mail server just closes.
struct Quit {};
// Another client is about to come over the same socket: all that was known of this one is forgotten.
struct QuitNewConnection {};
struct Unknown {
  std::string command;
};
// One recipient too many: refuse it (452), or, where that step is silent, the message at its end; else it
// goes to somebody whom nobody knows of. Or the header is beyond its limits: said once a message; what
// follows of the header is left out and answered "continue", so the message can't be taken as scanned.
struct OverLimit {
  Limit limit = Limit::headers;
};
// The mail server breaks the protocol; nothing can be understood any more. Nothing follows; close.
struct Violation {
  std::string_view what;  // one sentence, static
};
}  // namespace event

using Event =
    std::variant<event::Negotiated, event::Connect, event::Helo, event::Mail, event::Rcpt, event::Data,
                 event::Header, event::EndOfHeaders, event::Body, event::EndOfMessage, event::Abort,
                 event::Quit, event::QuitNewConnection, event::Unknown, event::OverLimit, event::Violation>;

}  // namespace rastel::milter
