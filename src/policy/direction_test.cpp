// SPDX-License-Identifier: GPL-2.0-only
#include "policy/direction.hpp"

#include <gtest/gtest.h>

namespace rastel::policy {
namespace {

SiteOptions site() {
  SiteOptions options;
  options.domains = {"example.com", "example.org"};
  options.networks = {{"192.0.2.0/24"}, {"::1"}};
  return options;
}

struct Row {
  const char* what;
  Place place;
  std::string client, user;
  bool client_known;
  std::vector<std::string> recipients;
  Direction direction;
};

TEST(Direction, FollowsFromClientAndRecipients) {
  const std::vector<Row> rows{
      {"from outside to us",
       Place::before_queue,
       "198.51.100.1",
       "",
       true,
       {"a@example.com"},
       Direction::inbound},
      {"from outside to elsewhere",
       Place::before_queue,
       "198.51.100.1",
       "",
       true,
       {"a@x.example"},
       Direction::inbound},
      {"from our network to us",
       Place::before_queue,
       "192.0.2.7",
       "",
       true,
       {"a@example.com", "b@EXAMPLE.ORG."},
       Direction::internal},
      {"from our network to one elsewhere",
       Place::after_queue,
       "192.0.2.7",
       "",
       true,
       {"a@example.com", "b@x.example"},
       Direction::outbound},
      {"a domain below ours isn't ours",
       Place::before_queue,
       "::1",
       "",
       true,
       {"a@mail.example.com"},
       Direction::outbound},
      {"without a domain it is for us",
       Place::before_queue,
       "::1",
       "",
       true,
       {"postmaster"},
       Direction::internal},
      {"the MTA's address says nothing",
       Place::after_queue,
       "192.0.2.7",
       "",
       false,
       {"a@example.com"},
       Direction::inbound},
      {"authenticated from anywhere",
       Place::before_queue,
       "198.51.100.1",
       "alice",
       true,
       {"b@x.example"},
       Direction::outbound},
      {"an outbound door", Place::outbound, "198.51.100.1", "", false, {"b@x.example"}, Direction::outbound},
      {"an outbound door, to us",
       Place::outbound,
       "192.0.2.7",
       "",
       true,
       {"b@example.com"},
       Direction::internal},
      {"a hostile address",
       Place::before_queue,
       "192.0.2.7 ",
       "",
       true,
       {"a@example.com"},
       Direction::inbound},
      {"unknown", Place::before_queue, "[UNAVAILABLE]", "", true, {"a@example.com"}, Direction::inbound},
  };
  for (const Row& row : rows) {
    Envelope envelope;
    envelope.place = row.place;
    envelope.client.address = row.client;
    envelope.client.authenticated_user = row.user;
    for (const std::string& recipient : row.recipients) envelope.recipients.push_back({recipient, ""});
    EXPECT_EQ(direction_of(envelope, site(), row.client_known), row.direction) << row.what;
  }
}

}  // namespace
}  // namespace rastel::policy
