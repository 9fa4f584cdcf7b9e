// SPDX-License-Identifier: GPL-2.0-only
// Certificates made on the spot, for tests: an authority and what it signs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/tls.hpp"

namespace rastel::net::for_test {

struct Wanted {
  std::vector<std::string> names{"mx.example"};  // DNS names; the first is the subject too
  std::string address{};                         // an IP address besides
  int valid_from_days = -1;
  int valid_days = 30;
};

class Authority {
 public:
  Authority();
  ~Authority();
  [[nodiscard]] CertificateAndKey issue(const Wanted& wanted = {}) const;
  [[nodiscard]] TlsClient::Roots roots() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rastel::net::for_test
