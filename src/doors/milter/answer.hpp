// SPDX-License-Identifier: GPL-2.0-only
// From a complete message to what its mail server is told: inspected, made durable where it is held, fitted
// to what the mail server lets its filters do. Nothing is told to be dropped that isn't in the quarantine.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "doors/milter/options.hpp"
#include "inspect/message_log.hpp"
#include "inspect/services.hpp"
#include "protocol/milter/header_edit.hpp"
#include "protocol/smtp/reply.hpp"

namespace rastel::doors::milter {

// What this mail server has granted (PROTOCOLS B-02).
struct Rights {
  bool add_headers = true;
  bool change_headers = true;
  bool change_body = true;
  bool remove_recipients = true;
  rastel::milter::LeadingSpace space = rastel::milter::LeadingSpace::eaten;
};

struct Ended {
  inspect::Subject subject;
  std::chrono::milliseconds receive_time{};
  Deadline reply_by = Deadline::never();
  std::vector<std::string> forged;  // names of fields that are to be taken out, in their order
  std::function<bool()> server_is_there;
};

// In the protocol's order (B-11).
struct Answer {
  enum class Kind : std::uint8_t {
    go_on,  // the message is taken, with these changes
    drop,   // "250", and the message goes nowhere: it is held, or discarded on the record
    say,    // the reply
  };
  Kind kind = Kind::say;
  std::vector<rastel::milter::HeaderEdit> headers = {};
  std::vector<std::size_t> removed_recipients = {};
  MessagePointer new_body = nullptr;  // null: the body stays
  std::uint64_t new_body_at = 0;
  rastel::smtp::Reply reply = {};
};

// What can't be done with these rights is done in a stricter way: a version that can't be made is held, and
// who can't be taken from the recipients has all of them held. Pure.
void fit(inspect::Outcome& outcome, const Rights& rights, const MessagePointer& original);

[[nodiscard]] boost::asio::awaitable<Answer> answer_to(Ended ended, const MilterDoorOptions& options,
                                                       Rights rights, inspect::Services& services);

}  // namespace rastel::doors::milter
