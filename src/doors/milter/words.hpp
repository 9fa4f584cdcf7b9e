// SPDX-License-Identifier: GPL-2.0-only
// What is said in the protocol's words, and of them. Pure.
#pragma once

#include <string>

#include "protocol/milter/flags.hpp"
#include "protocol/milter/reply_code.hpp"
#include "protocol/smtp/reply.hpp"

namespace rastel::doors::milter {

// An enhanced status code that its text begins with is said as one.
[[nodiscard]] rastel::milter::ReplyCode reply_code_of(const rastel::smtp::Reply& reply);

// "add headers, change the body"; of actions that nobody needs nothing.
[[nodiscard]] std::string names_of(rastel::milter::Flags actions);

}  // namespace rastel::doors::milter
