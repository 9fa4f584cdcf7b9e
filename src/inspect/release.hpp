// SPDX-License-Identifier: GPL-2.0-only
// Release: held mail is handed to the release hop with its original envelope. What is under way survives a
// crash: the recipients stay `releasing` until the hop has answered, and resume_releases() goes on with them.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "inspect/blocking.hpp"
#include "store/quarantine.hpp"

namespace rastel::inspect {

struct Released {
  std::vector<std::string> released, refused;
  std::string reply;
};

struct ReleaseHop {
  NextHop hop;
  std::string own_name;
};

[[nodiscard]] boost::asio::awaitable<Result<Released>> release(std::string id, std::vector<std::string> only,
                                                               ReleaseHop hop, store::Quarantine& quarantine,
                                                               BlockingPool& blocking,
                                                               std::filesystem::path spool);
[[nodiscard]] boost::asio::awaitable<void> resume_releases(ReleaseHop hop, store::Quarantine& quarantine,
                                                           BlockingPool& blocking,
                                                           std::filesystem::path spool);

}  // namespace rastel::inspect
