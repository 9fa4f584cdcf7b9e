// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/progress.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "app/cli_table.hpp"

namespace rastel::scan {
namespace {

constexpr std::size_t bar_width = 24;
constexpr std::array<std::string_view, 8> eighths{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

std::string bar(double share) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(8 * bar_width));
  std::string text = "▕";
  for (std::size_t i = 0; i < bar_width; ++i)
    text += filled >= 8 * (i + 1) ? "█" : eighths[filled > 8 * i ? filled - 8 * i : 0];
  return text + "▏";
}

std::string time_left(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s left", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min left", seconds / 60);
  return fmt::format("{:.1f} h left", seconds / 3600);
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace

std::uint64_t Progress::messages() const {
  return std::accumulate(classes.begin(), classes.end(), std::uint64_t{0});
}

std::string progress_line(const Progress& progress, std::size_t width) {
  std::string line;
  const double spent = progress.spent.count();
  const double share = progress.bytes_in_all == 0
                           ? 0
                           : std::min(1.0, static_cast<double>(progress.bytes_read) /
                                               static_cast<double>(progress.bytes_in_all));
  if (progress.bytes_in_all > 0) line += fmt::format("{} {:3.0f} %  ", bar(share), share * 100);
  line += counted(progress.messages(), "message", "messages");
  const std::uint64_t unscanned = progress.of(MessageClass::unscanned) + progress.troubles;
  const std::uint64_t found =
      progress.messages() - progress.of(MessageClass::clean) - progress.of(MessageClass::unscanned);
  if (found > 0) line += fmt::format("  {} found", found);
  if (unscanned > 0) line += fmt::format("  {} not scanned", unscanned);
  if (spent >= 1) line += fmt::format("  {:.0f}/s", static_cast<double>(progress.messages()) / spent);
  if (spent >= 3 && share > 0.01 && share < 1) line += "  " + time_left(spent / share - spent);
  return cli::shortened(line, width);
}

std::string summary(const Progress& progress) {
  std::string text = fmt::format("{} in {:.1f} s", counted(progress.messages(), "message", "messages"),
                                 progress.spent.count());
  std::string_view lead = ": ";
  for (const MessageClass message_class :
       {MessageClass::clean, MessageClass::infected, MessageClass::banned, MessageClass::suspicious,
        MessageClass::ambiguous, MessageClass::encrypted, MessageClass::unscanned}) {
    if (progress.of(message_class) == 0) continue;
    text += fmt::format("{}{} {}", lead, progress.of(message_class), to_string(message_class));
    lead = ", ";
  }
  if (progress.troubles > 0) text += fmt::format("; {} could not be scanned", progress.troubles);
  return text;
}

}  // namespace rastel::scan
