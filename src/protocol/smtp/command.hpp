// SPDX-License-Identifier: GPL-2.0-only
// The command table of the server side: one row a verb, where it is allowed and what is said where it isn't. Verbs that
// have no row are answered locally and never relayed: one that we don't know may switch a server to a mode that we
// can't read (XEXCH50, BURL, COMPRESS, ATRN; PROTOCOLS X-01).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rastel::smtp {

enum class Verb : std::uint8_t { ehlo, helo, lhlo, mail, rcpt, data, bdat, rset, noop, quit, vrfy, expn, help, etrn, xforward };

// Where a session stands. As bits, so that a row can name several.
enum State : std::uint8_t {
  greeted = 1,        // banner sent
  identified = 2,     // EHLO, HELO or LHLO accepted
  in_mail = 4,        // MAIL accepted
  in_rcpt = 8,        // at least one RCPT accepted
  in_chunks = 16,     // between two chunks of BDAT
  chunks_failed = 32, // a chunk was refused: nothing but RSET helps (RFC 3030 2)
};
inline constexpr std::uint8_t any_state = greeted | identified | in_mail | in_rcpt | in_chunks | chunks_failed;

enum class Protocols : std::uint8_t { both, smtp_only, lmtp_only };

struct VerbRow {
  std::string_view name;
  Verb verb;
  Protocols protocols;
  std::uint8_t allowed;        // State bits
  std::string_view elsewhere;  // the text of 503 where it is not allowed
};

inline constexpr std::array verbs{
    VerbRow{"EHLO", Verb::ehlo, Protocols::smtp_only, any_state, ""},
    VerbRow{"HELO", Verb::helo, Protocols::smtp_only, any_state, ""},
    VerbRow{"LHLO", Verb::lhlo, Protocols::lmtp_only, any_state, ""},
    VerbRow{"MAIL", Verb::mail, Protocols::both, identified, "5.5.1 Error: MAIL is not due now"},
    VerbRow{"RCPT", Verb::rcpt, Protocols::both, in_mail | in_rcpt, "5.5.1 Error: need MAIL command"},
    // DATA without a recipient has a reply of its own in each protocol (RFC 2033 4.2): in_mail is let through here.
    VerbRow{"DATA", Verb::data, Protocols::both, in_mail | in_rcpt, "5.5.1 Error: need RCPT command"},
    // BDAT's octets follow whatever the reply is, so it is always read.
    VerbRow{"BDAT", Verb::bdat, Protocols::both, any_state, ""},
    VerbRow{"RSET", Verb::rset, Protocols::both, any_state, ""},
    VerbRow{"NOOP", Verb::noop, Protocols::both, any_state, ""},
    VerbRow{"QUIT", Verb::quit, Protocols::both, any_state, ""},
    VerbRow{"VRFY", Verb::vrfy, Protocols::both, identified | in_mail | in_rcpt, "5.5.1 Error: say EHLO first"},
    VerbRow{"EXPN", Verb::expn, Protocols::smtp_only, identified | in_mail | in_rcpt, "5.5.1 Error: say EHLO first"},
    VerbRow{"HELP", Verb::help, Protocols::both, identified | in_mail | in_rcpt, "5.5.1 Error: say EHLO first"},
    VerbRow{"ETRN", Verb::etrn, Protocols::smtp_only, identified, "5.5.1 Error: ETRN is not due now"},
    VerbRow{"XFORWARD", Verb::xforward, Protocols::both, identified, "5.5.1 Error: XFORWARD is not due now"},
};

// nullptr: no row.
[[nodiscard]] const VerbRow* find_verb(std::string_view word);

}  // namespace rastel::smtp
