// SPDX-License-Identifier: GPL-2.0-only
// A complete message: inspected, made durable where it is held, handed on to the rest, answered. The custody
// table of RFC 5321 6.1: a 2xx only from the next hop's own 2xx or from what lies fsynced in the quarantine.
#pragma once

#include <chrono>
#include <vector>

#include "doors/smtp/next_hop.hpp"
#include "inspect/message_log.hpp"
#include "inspect/services.hpp"
#include "protocol/smtp/reply.hpp"

namespace rastel::doors::smtp {

using rastel::smtp::Reply;

struct Delivery {
  inspect::Subject subject;
  std::chrono::milliseconds receive_time{};
  Deadline reply_by = Deadline::never();
  std::function<bool()> client_is_there;
};

// One reply (SMTP), or one a recipient (LMTP: subject.replies_per_recipient).
[[nodiscard]] boost::asio::awaitable<std::vector<Reply>> deliver(Delivery delivery,
                                                                 const SmtpDoorOptions& options,
                                                                 NextHopSession& next_hop,
                                                                 inspect::Services& services);

}  // namespace rastel::doors::smtp
