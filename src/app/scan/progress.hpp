// SPDX-License-Identifier: GPL-2.0-only
// What `rastel scan` counts, and how it is told: a line that is drawn over itself on a terminal, and a
// sentence at the end. Pure; texts for people.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "verdict/disposition.hpp"

namespace rastel::scan {

struct Progress {
  std::array<std::uint64_t, 7> classes{};  // messages, by MessageClass
  std::uint64_t troubles = 0;              // files or messages that could not be read or handed in
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_in_all = 0;  // of the files to be read; 0: not known yet
  std::chrono::duration<double> spent{};

  [[nodiscard]] std::uint64_t messages() const;
  [[nodiscard]] std::uint64_t of(MessageClass message_class) const {
    return classes[static_cast<std::size_t>(message_class)];
  }
};

// "▕██████▌       ▏ 43 %  1200 messages  3 found  410/s  12 s left", of at most `width` characters.
[[nodiscard]] std::string progress_line(const Progress& progress, std::size_t width);
// "12 messages in 3.2 s: 10 clean, 1 infected, 1 unscanned; 1 could not be read"
[[nodiscard]] std::string summary(const Progress& progress);

}  // namespace rastel::scan
