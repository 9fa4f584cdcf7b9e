// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <chrono>
#include <string>

#include "base/options.hpp"
#include "base/units.hpp"

namespace rastel {

enum class WhenFull { defer };

struct StoreOptions {
  std::string directory = "/var/lib/rastel";  // quarantine/, history, spool/
  Duration keep{std::chrono::hours(24 * 30)};
  ByteCount max_size{10ULL << 30};
  WhenFull when_full = WhenFull::defer;  // messages to be held are deferred with an alarm, clean mail flows
  NextHop release;  // where released mail re-enters; none: release is refused and says so
};

template <>
struct Names<WhenFull> {
  static constexpr std::array names{std::pair{std::string_view("defer"), WhenFull::defer}};
};
template <>
struct Rows<StoreOptions> {
  static constexpr std::tuple rows{
      Option{"directory", &StoreOptions::directory, "Where quarantine, history and spool live."},
      Option{"keep", &StoreOptions::keep, Duration(3600'000), Duration(86'400'000LL * 3650),
             "How long held mail and the history are kept."},
      Option{"max_size", &StoreOptions::max_size, ByteCount{1ULL << 20}, ByteCount{1ULL << 50},
             "How much the quarantine may hold."},
      Option{"when_full", &StoreOptions::when_full,
             "What happens then to a message that is to be held; clean mail flows, held mail leaves by age "
             "alone."},
      Option{"release", &StoreOptions::release, "Where released mail re-enters, e.g. \"127.0.0.1:10026\"."}};
};

}  // namespace rastel
