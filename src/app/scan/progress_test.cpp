// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/progress.hpp"

#include <gtest/gtest.h>

#include "app/cli_table.hpp"

namespace rastel::scan {
namespace {

Progress made() {
  Progress progress;
  progress.classes[static_cast<std::size_t>(MessageClass::clean)] = 1190;
  progress.classes[static_cast<std::size_t>(MessageClass::infected)] = 3;
  progress.classes[static_cast<std::size_t>(MessageClass::unscanned)] = 7;
  progress.troubles = 1;
  progress.spent = std::chrono::seconds(4);
  return progress;
}

TEST(Progress, TheLineHasWhatIsKnown) {
  EXPECT_EQ(progress_line(Progress{}, 80), "0 messages");
  Progress progress = made();
  EXPECT_EQ(progress_line(progress, 80), "1200 messages  3 found  8 not scanned  300/s") << "no end is known";
  progress.bytes_in_all = 1000;
  progress.bytes_read = 250;
  EXPECT_EQ(progress_line(progress, 120),
            "▕██████                  ▏  25 %  1200 messages  3 found  8 not scanned  300/s  12 s left");
  EXPECT_EQ(cli::width_of(progress_line(progress, 40)), 40U);
  progress.bytes_read = 5000;  // a file has grown
  EXPECT_EQ(progress_line(progress, 120),
            "▕████████████████████████▏ 100 %  1200 messages  3 found  8 not scanned  300/s");
}

TEST(Progress, TheSummaryCountsByClass) {
  EXPECT_EQ(summary(Progress{}), "0 messages in 0.0 s");
  EXPECT_EQ(summary(made()),
            "1200 messages in 4.0 s: 1190 clean, 3 infected, 7 unscanned; 1 could not be scanned");
}

}  // namespace
}  // namespace rastel::scan
