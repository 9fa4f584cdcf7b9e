// SPDX-License-Identifier: GPL-2.0-only
// The words of the server side's command table (server_commands.cpp has the table itself, a row a verb).
#pragma once

#include <cstdint>

namespace rastel::smtp {

enum class Verb : std::uint8_t {
  ehlo,
  helo,
  lhlo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help,
  etrn,
  xforward,
  starttls,
  xclient,
  auth
};

// Where a session stands. As bits, so that a row can name several.
enum State : std::uint8_t {
  greeted = 1,         // banner sent
  identified = 2,      // EHLO, HELO or LHLO accepted
  in_mail = 4,         // MAIL accepted
  in_rcpt = 8,         // at least one RCPT accepted
  in_chunks = 16,      // between two chunks of BDAT
  chunks_failed = 32,  // a chunk was refused: nothing but RSET helps (RFC 3030 2)
};
inline constexpr std::uint8_t any_state =
    greeted | identified | in_mail | in_rcpt | in_chunks | chunks_failed;

enum class Protocols : std::uint8_t { both, smtp_only, lmtp_only };

// RFC 2920 3.1: what must be the last command of a group, since the client waits for its reply; that reply is
// not kept back for others (3.2). BDAT may stand anywhere (RFC 3030 4.2), and XFORWARD as well.
enum class Pipelining : std::uint8_t { may_follow, ends_group };

}  // namespace rastel::smtp
