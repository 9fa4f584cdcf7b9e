// SPDX-License-Identifier: GPL-2.0-only
// What every door is given: the way through, the pools, the history, the spool. Everything outlives the doors.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "base/site_options.hpp"
#include "inspect/blocking.hpp"
#include "inspect/inspector.hpp"
#include "inspect/io_threads.hpp"
#include "store/history.hpp"

namespace rastel::inspect {

struct Services {
  Inspector& inspector;
  BlockingPool& blocking;
  store::History& history;
  IoThreads& threads;
  std::filesystem::path spool;
  std::uint64_t max_message = 0;  // bytes
  std::atomic<std::uint64_t> passed_unscanned = 0;  // messages that a door with fail = "pass" let through
};

}  // namespace rastel::inspect
