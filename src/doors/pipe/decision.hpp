// SPDX-License-Identifier: GPL-2.0-only
// What a program is told of an outcome. Pure; any thread.
#pragma once

#include <string>

#include "base/error.hpp"
#include "inspect/inspector.hpp"
#include "protocol/pipe/messages.hpp"

namespace rastel::doors::pipe {

// One call of a delivery program can't hand a message to some of its recipients alone: who is to be kept from
// it keeps it from all, and then it is held for all, as none of them may lose it (PROTOCOLS F-12, A-30).
void decide_for_all(inspect::Outcome& outcome);

// Where a message is that comes with such a request.
[[nodiscard]] Place place_of(rastel::pipe::RequestKind kind, Place configured);
// Whoever asks for a verdict takes the message as it is or refuses it: what would keep it, change it or let
// it vanish refuses it. After decide_for_all().
void decide_to_take_or_refuse(inspect::Outcome& outcome);

// Of an outcome of which nobody gets the message.
[[nodiscard]] rastel::pipe::Answer answer_without_message(const inspect::Outcome& outcome,
                                                          const std::string& id);
// Trouble before there was an outcome.
[[nodiscard]] rastel::pipe::Answer answer_to(const Error& error);
[[nodiscard]] rastel::pipe::Answer deferral(std::string text, const std::string& id);

// In short, for the log: "held", "deferred 4.7.1".
[[nodiscard]] std::string brief(const rastel::pipe::Answer& answer);
// "exit 75", "signal 9", "not started: errno 2".
[[nodiscard]] std::string text_of(const rastel::pipe::Result& result);

}  // namespace rastel::doors::pipe
