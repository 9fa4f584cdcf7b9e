// SPDX-License-Identifier: GPL-2.0-only
// What a mail server puts on top of a message when it hands it to a delivery program: a line "From sender
// date" (mbox), and fields that tell of this one delivery (Return-Path, Delivered-To, X-Original-To,
// Envelope-To, Delivery-date). They differ at every attempt, some mail servers take a second copy of one for
// a loop, and nothing else is done by them; so they stay on top as they are, and what is scanned, kept and
// changed begins below. PROTOCOLS F-08, F-25, F-26. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace rastel::pipe {

// Of a message's begin; more of it is not looked at. What is strange there isn't the mail server's, and stays
// in the message: a folded line, other characters than printable ones, no end.
inline constexpr std::size_t longest_above = 16 * 1024;

// How many bytes stay above.
[[nodiscard]] std::size_t lines_above(std::string_view begin);

}  // namespace rastel::pipe
