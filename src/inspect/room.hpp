// SPDX-License-Identifier: GPL-2.0-only
// Waiting until a scan is worth to be begun, for doors whose clients can wait.
#pragma once

#include <functional>

#include <boost/asio/awaitable.hpp>

#include "base/deadline.hpp"
#include "inspect/inspector.hpp"

namespace rastel::inspect {

// As long as more scans wait than are worth to wait for. False: still so at `latest`, or `gone()`. Returns on
// the caller's executor.
[[nodiscard]] boost::asio::awaitable<bool> wait_for_room(const Inspector& inspector, Deadline latest,
                                                         std::function<bool()> gone);

}  // namespace rastel::inspect
