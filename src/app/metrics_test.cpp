// SPDX-License-Identifier: GPL-2.0-only
#include "app/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, WhatIsUnknownIsMissingAndNotZero) {
  const std::string text = exposition({});
  EXPECT_THAT(text, Not(HasSubstr("\nrastel_signatures_age_seconds ")));
  EXPECT_THAT(text, Not(HasSubstr("\nrastel_quarantine_messages ")));
  EXPECT_THAT(text, HasSubstr("\nrastel_up 0\n"));
}

TEST(Metrics, AHistogramsBucketsAreCumulativeAndEndWithAll) {
  inspect::Counters counters;
  for (const int milliseconds : {0, 5, 6, 2500, 120000, 120001})
    counters.scanned(std::chrono::milliseconds(milliseconds));
  counters.scanned(std::chrono::microseconds(5001));  // rounded it would be in the bucket below
  Snapshot snapshot;
  snapshot.counts = counters.values();
  const std::string text = exposition(snapshot);
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_bucket{le=\"0.01\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_bucket{le=\"2.5\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_bucket{le=\"120\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_bucket{le=\"+Inf\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_count 7\n"));
  EXPECT_THAT(text, HasSubstr("rastel_scan_seconds_sum 242.517001\n"));
}

TEST(Metrics, CountsByDoorClassAndDisposition) {
  inspect::Counters counters;
  counters.count("before", MessageClass::infected, Action::reject);
  counters.count("before", MessageClass::infected, Action::reject);
  counters.count("after", MessageClass::clean, Action::pass);
  Snapshot snapshot;
  snapshot.counts = counters.values();
  const std::string text = exposition(snapshot);
  EXPECT_THAT(
      text,
      HasSubstr("rastel_messages_total{door=\"before\",class=\"infected\",disposition=\"reject\"} 2\n"));
  EXPECT_THAT(text,
              HasSubstr("rastel_messages_total{door=\"after\",class=\"clean\",disposition=\"pass\"} 1\n"));
}

TEST(Metrics, ALabelsValueCanNotEndItsLine) {
  Snapshot snapshot;
  snapshot.doors.push_back({"a\"b\\c\nd", 1});
  EXPECT_THAT(exposition(snapshot), HasSubstr("rastel_sessions{door=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

}  // namespace
}  // namespace rastel::metrics
