// SPDX-License-Identifier: GPL-2.0-only
// What doors say to a client in SMTP's words, whatever carries them: the one place where an error's kind
// becomes a reply, and where a disposition does.
#pragma once

#include <string>

#include "base/error.hpp"
#include "protocol/smtp/reply.hpp"
#include "verdict/disposition.hpp"

namespace rastel::inspect {

using rastel::smtp::Reply;

// An error of ours or of a peer while a transaction is under way.
[[nodiscard]] Reply reply_to(const Error& error);

// To a message (or, LMTP, a recipient) that is not handed on: reject, defer, quarantine, discard.
[[nodiscard]] Reply reply_to(const Disposition& disposition, const std::string& id);

[[nodiscard]] Reply too_late(const std::string& id);  // the reply deadline passed before the verdict
[[nodiscard]] Reply trouble(const std::string& id);   // of ours, once the message has an id
// The quarantine couldn't take what had to be held.
[[nodiscard]] Reply not_held(const Error& error, const std::string& id);
[[nodiscard]] Reply too_busy();  // before a message begins
[[nodiscard]] Reply no_space();  // likewise
[[nodiscard]] Reply too_many_hops();
[[nodiscard]] Reply next_hop_away();                      // before anything was handed over
[[nodiscard]] Reply nobody_knows(const std::string& id);  // the end of data went out, no answer came
[[nodiscard]] Reply shutting_down(const std::string& host);

}  // namespace rastel::inspect
