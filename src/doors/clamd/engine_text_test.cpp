// SPDX-License-Identifier: GPL-2.0-only
#include "doors/clamd/engine_text.hpp"

#include <cstdlib>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::doors::clamd {
namespace {

TEST(EngineText, VersionLeavesOutWhatIsNotKnown) {
  setenv("TZ", "UTC", 1);
  tzset();
  EngineState engine;
  EXPECT_EQ(version_text(engine), "ClamAV");
  engine.version = "ClamAV 1.4.6";
  EXPECT_EQ(version_text(engine), "ClamAV 1.4.6");
  engine.signatures = "27500";
  EXPECT_EQ(version_text(engine), "ClamAV 1.4.6/27500");
  engine.signature_time = 1736073692;
  EXPECT_EQ(version_text(engine), "ClamAV 1.4.6/27500/Sun Jan  5 10:41:32 2025");
}

TEST(EngineText, StatsEndWithEnd) {
  EngineState engine;
  EXPECT_TRUE(stats_text(engine).ends_with("\nEND"));
  EXPECT_THAT(stats_text(engine), testing::HasSubstr("STATE: INVALID PRIMARY"));
  engine.ready = true;
  engine.workers = 3;
  engine.idle = 2;
  engine.waiting = 5;
  engine.memory = 3UL << 20;
  EXPECT_THAT(stats_text(engine), testing::HasSubstr("STATE: VALID PRIMARY\nTHREADS: live 3  idle 2 max 3 "));
  EXPECT_THAT(stats_text(engine), testing::HasSubstr("QUEUE: 5 items"));
  EXPECT_THAT(stats_text(engine), testing::HasSubstr("pools_used 3.000M"));
}

}  // namespace
}  // namespace rastel::doors::clamd
