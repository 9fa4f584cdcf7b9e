// SPDX-License-Identifier: GPL-2.0-only
// From the daemon's answer to smtpd's. smtpd's client is still there: what is refused or deferred it is told.
// What is held can't be taken out of smtpd's hands: a notice takes its place. Any thread.
#pragma once

#include <chrono>
#include <string>

#include "piping/opensmtpd/sessions.hpp"
#include "piping/options.hpp"

namespace rastel::piping::opensmtpd {

// Asks, and waits for the answer; the message is taken from the question. Which one it is about is for the
// caller to set.
[[nodiscard]] Decision decide(const Options& options, Question& question, std::chrono::milliseconds within);
// Without an answer; why is said to the log.
[[nodiscard]] Decision deferral(const std::string& why);

}  // namespace rastel::piping::opensmtpd
