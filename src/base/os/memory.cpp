// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/memory.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "base/os/file.hpp"

namespace rastel::os {
namespace {

constexpr std::size_t largest_table = 256 * 1024;

// The number behind `key` at the beginning of a line: "MemAvailable:   1234 kB", "inactive_file 4096".
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::uint64_t number = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc()) return number;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& path, std::string_view key = {}) {
  const auto text = read_file(path, largest_table);
  return text ? number_after(*text, key) : std::nullopt;  // "max" is no number: no limit
}

}  // namespace

std::optional<std::uint64_t> available_memory(const std::filesystem::path& root) {
  const auto kilobytes = number_in(root / "proc/meminfo", "MemAvailable:");
  if (!kilobytes) return std::nullopt;
  std::uint64_t available = *kilobytes * 1024;
  const auto groups = read_file(root / "proc/self/cgroup", largest_table);
  if (!groups || !groups->starts_with("0::/")) return available;  // cgroups(7): the line of version 2
  const std::filesystem::path top = root / "sys/fs/cgroup";
  std::filesystem::path group = top / groups->substr(4, groups->find('\n') - 4);
  for (; group.native().size() >= top.native().size() && group.has_relative_path();
       group = group.parent_path()) {
    const auto limit = number_in(group / "memory.max");
    const auto used = number_in(group / "memory.current");
    if (!limit || !used) continue;
    // Cached files count as used, but make room.
    const std::uint64_t cached = number_in(group / "memory.stat", "inactive_file").value_or(0);
    const std::uint64_t taken = *used - std::min(*used, cached);
    available = std::min(available, *limit - std::min(*limit, taken));
  }
  return available;
}

}  // namespace rastel::os
