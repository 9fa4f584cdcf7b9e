// SPDX-License-Identifier: GPL-2.0-only
// Envelope: who sends to whom, from where, through which door. Plain values; everything in it but `door`,
// `place` and `direction` was said by a peer and is hostile: printable only after escaping.
#pragma once

#include <string>
#include <vector>

namespace rastel {

// Where a door stands in the mail's way; decides what it can still do (docs: "What a door can't do").
enum class Place {
  before_queue,  // the sender still waits: a refusal reaches him
  after_queue,   // the MTA has accepted: a refusal would bounce to a forged sender
  outbound,      // an own, usually authenticated client sends
};

enum class Direction { inbound, outbound, internal };

struct Recipient {
  std::string address;     // forward-path without angle brackets, as said
  std::string parameters;  // ESMTP parameters as said ("NOTIFY=NEVER ORCPT=rfc822;x@y"), may be empty
};

struct Client {
  std::string
      address;       // "192.0.2.4", "2001:db8::1", "unix" or empty: XFORWARD's where a trusted peer said it
  std::string name;  // reverse name as the MTA gave it; empty: unknown
  std::string helo;
  std::string authenticated_user;  // empty: none
  std::string tls_version{};       // "TLSv1.3", of the connection to us; empty: in clear
};

struct Envelope {
  std::string reverse_path;             // without angle brackets; empty: <>
  std::string reverse_path_parameters;  // as said
  std::vector<Recipient> recipients;
  Client client;
  std::string door;  // the configured name
  Place place = Place::before_queue;
  Direction direction = Direction::inbound;
  std::string queue_id;  // the MTA's own, from XFORWARD IDENT; may be empty
};

}  // namespace rastel
