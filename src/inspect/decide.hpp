// SPDX-License-Identifier: GPL-2.0-only
// From a complete message to what its client may be told, in the order that custody demands at every door
// that holds mail: inspected, fitted to what this door can do, durable where it is held.
#pragma once

#include <functional>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "inspect/message_log.hpp"
#include "inspect/services.hpp"
#include "protocol/smtp/reply.hpp"

namespace rastel::inspect {

struct Asked {
  const Subject& subject;  // outlives the call
  Deadline reply_by;
  std::function<bool()> client_is_there;  // one that is gone comes again: nothing is held for it
  // May be empty. What this door can't do is done in a stricter way, before anything is held.
  std::function<boost::asio::awaitable<void>(Outcome&)> fit;
};

// Nobody gets the message, and nothing is held.
void defer_all(Outcome& outcome);
// For a client that is gone; nobody hears the reply.
[[nodiscard]] smtp::Reply client_lost(const Subject& subject, Outcome& outcome, Story& story);

// Nothing: `outcome` may be said, as what it holds is on disk. A reply: everything is deferred with it.
// Neither is told yet; `story` gets the time of the scan and its note. Services, outcome and story outlive
// the call.
[[nodiscard]] boost::asio::awaitable<std::optional<smtp::Reply>> decide(Services& services, Asked asked,
                                                                        Outcome& outcome, Story& story);

}  // namespace rastel::inspect
