// SPDX-License-Identifier: GPL-2.0-only
// Which way a message goes, from what is known of its client and of its recipients. Pure.
#pragma once

#include "base/site_options.hpp"
#include "verdict/envelope.hpp"

namespace rastel::policy {

// Ours is the client in [site] networks, an authenticated one, and everybody who comes to a door at place
// "outbound". From ours: internal when every recipient is in [site] domains (one without a domain is),
// outbound otherwise. From others: inbound. `client_known`: the address is the client's own, not that of an
// MTA between him and us, which mail from everywhere comes through; otherwise it says nothing.
[[nodiscard]] Direction direction_of(const Envelope& envelope, const SiteOptions& site, bool client_known);

[[nodiscard]] bool in_networks(const std::vector<Network>& networks, const std::string& address);

}  // namespace rastel::policy
