// SPDX-License-Identifier: GPL-2.0-only
// What `rastel signatures status` shows, and in a word what becomes of the folder's set. Pure; any thread.
#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "sandbox/signature_keeper.hpp"

namespace rastel {

// "in use", "loading", "settling", "waiting for memory", "refused".
[[nodiscard]] std::string_view state_of_signatures(const sandbox::PoolStatus& pool,
                                                   const sandbox::KeeperStatus& keeper);

[[nodiscard]] boost::json::object signatures_as_json(const sandbox::PoolStatus& pool,
                                                     const sandbox::KeeperStatus& keeper,
                                                     const SignatureOptions& options);

}  // namespace rastel
