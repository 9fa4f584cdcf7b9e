// SPDX-License-Identifier: GPL-2.0-only
// What every door is given: the way through, the pools, the history, the spool. Everything outlives the
// doors.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "base/site_options.hpp"
#include "inspect/blocking.hpp"
#include "inspect/counters.hpp"
#include "inspect/inspector.hpp"
#include "inspect/io_threads.hpp"
#include "store/history.hpp"

namespace rastel::inspect {

struct Services {
  Services(Inspector& way_through, BlockingPool& pool, store::History& told, IoThreads& io_threads,
           std::filesystem::path spool_folder, std::uint64_t largest_message)
      : inspector(way_through),
        blocking(pool),
        history(told),
        threads(io_threads),
        spool(std::move(spool_folder)),
        max_message(largest_message) {}

  Inspector& inspector;
  BlockingPool& blocking;
  store::History& history;
  IoThreads& threads;
  std::filesystem::path spool;
  std::uint64_t max_message;  // bytes
  Counters counters;
  std::atomic<std::uint64_t> passed_unscanned = 0;  // messages that a door with fail = "pass" let through
};

}  // namespace rastel::inspect
