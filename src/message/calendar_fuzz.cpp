// SPDX-License-Identifier: GPL-2.0-only
// Files in calendars: each stands where it is said to, in order, within the room.
#include <cstdint>
#include <cstdlib>

#include "message/calendar.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  constexpr std::size_t room = 4096;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::string_view before : {"", "A;ENCODING=b:", "A:data:,"}) {
    const std::string text = std::string(before) + std::string(input);
    (void)is_calendar(text);
    const CalendarFiles found = find_calendar_files(text, room);
    std::size_t bytes = 0, last = 0;
    for (const CalendarFile& file : found.files) {
      if (file.where.begin < last || file.where.begin >= file.where.end || file.where.end > text.size() ||
          file.bytes.empty())
        std::abort();
      last = file.where.begin;  // several addresses may stand in one property
      bytes += file.bytes.size();
    }
    if (bytes > room || found.files.size() > CalendarFiles::most_files) std::abort();
  }
  return 0;
}
