// SPDX-License-Identifier: GPL-2.0-only
#include "policy/direction.hpp"

#include <algorithm>

#include "policy/addresses.hpp"

namespace rastel::policy {
namespace {

bool ours(const Recipient& recipient, const SiteOptions& site) {
  const std::string address = plain_address(recipient.address);
  return address.find('@') == std::string::npos ||
         std::ranges::any_of(site.domains,
                             [&](const std::string& domain) { return matches_address(domain, address); });
}

}  // namespace

bool in_networks(const std::vector<Network>& networks, const std::string& address) {
  return std::ranges::any_of(networks, [&](const Network& network) { return network.matches(address); });
}

Direction direction_of(const Envelope& envelope, const SiteOptions& site, bool client_known) {
  const bool from_us = envelope.place == Place::outbound || !envelope.client.authenticated_user.empty() ||
                       (client_known && in_networks(site.networks, envelope.client.address));
  if (!from_us) return Direction::inbound;
  const bool to_us = std::ranges::all_of(envelope.recipients,
                                         [&](const Recipient& recipient) { return ours(recipient, site); });
  return to_us ? Direction::internal : Direction::outbound;
}

}  // namespace rastel::policy
