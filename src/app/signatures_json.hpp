// SPDX-License-Identifier: GPL-2.0-only
// What `rastel signatures status` shows. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

#include "sandbox/signature_keeper.hpp"

namespace rastel {

[[nodiscard]] boost::json::object signatures_as_json(const sandbox::PoolStatus& pool,
                                                     const sandbox::KeeperStatus& keeper,
                                                     const SignatureOptions& options);

}  // namespace rastel
