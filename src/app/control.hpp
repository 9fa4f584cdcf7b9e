// SPDX-License-Identifier: GPL-2.0-only
// The control protocol, spoken over the unix socket control.sock (mode 0660: who may connect may ask
// everything):
//
//   request  one line, one JSON object, at most 64 KiB:   {"verb":"quarantine show","id":"3f9a…"}
//   answer   any number of lines, each one JSON object, then {"end":true}
//            or {"error":"what, where, what to do","kind":"not_found"} in place of the end
//            `quarantine raw` answers {"bytes":N}, exactly N bytes, and then the end
//
// After `scan` the daemon answers {"send":N}, the client sends exactly N bytes, and then come the row and the
// end: a request that is refused is followed by no byte of a message, which could be taken for a request.
//
//   verb                members of the request                           rows of the answer
//   status              -                                                one, as the daemon describes itself
//   history             text, since (Unix ms), class, would (bool),      one a message and recipient group
//                       limit
//   quarantine list     recipient, sender, since, all (bool), limit      one a message
//   quarantine show     id                                               one
//   quarantine raw      id                                               bytes
//   quarantine release  id, to (array of addresses; all when absent)     one: what became of it
//   quarantine delete   id                                               -
//   quarantine purge    -                                                {"removed":N}
//   scan                bytes                                            one: app/scan_result.hpp
//   signatures status   -                                                one
//   signatures reload   -                                                {"done":"a sentence"}
//   reload · drain      -                                                {"done":"a sentence"}
//   health              -                                                {"good":bool,"health":{…}}
//   metrics             -                                                {"text":"…"}
//
// `release` and `delete` may carry `by`, the name of the person who asked: it goes into log and history. The
// page has a socket of its own, page.sock, with the same protocol but fewer verbs (page_may()), where `by` is
// required.
//
// Several requests may follow each other on a connection, one at a time. An unknown verb or member is an
// error, so that a newer client is not half understood. Texts that peers chose are escaped (base/utf8.hpp)
// where they become JSON. This header: what both sides share. Pure; any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "inspect/release.hpp"
#include "store/history.hpp"
#include "store/quarantine.hpp"

namespace rastel::control {

inline constexpr std::size_t longest_request = 64 * 1024;     // bytes
inline constexpr std::size_t longest_row = 16 * 1024 * 1024;  // bytes; what a client takes
inline constexpr std::size_t most_rows = 100'000;             // whatever limit is asked for

// What became of a release: handed over, or refused by the release hop and held again; the hop's last reply.
using ReleaseOutcome = inspect::Released;

[[nodiscard]] boost::json::object to_json(const store::HistoryRow& row);
[[nodiscard]] boost::json::object to_json(const store::HeldMessage& message);
[[nodiscard]] boost::json::object to_json(const ReleaseOutcome& outcome);

[[nodiscard]] std::string_view kind_name(ErrorKind kind);
[[nodiscard]] ErrorKind kind_named(std::string_view name);  // `ours` when unknown

[[nodiscard]] std::int64_t to_unix_ms(std::chrono::system_clock::time_point when);
[[nodiscard]] std::chrono::system_clock::time_point from_unix_ms(std::int64_t milliseconds);
[[nodiscard]] std::string iso_time(std::chrono::system_clock::time_point when);  // "2026-03-01T12:00:00Z"

}  // namespace rastel::control
