// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/process_memory.hpp"

#include <charconv>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/os/file.hpp"

namespace rastel::sandbox {
namespace {

constexpr std::size_t largest_file = 64 * 1024;  // bytes of a file of /proc

// The next word of `text`, taken off; empty at the end.
std::string_view take_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || code != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<ProcessMemory> read_smaps_rollup(std::string_view text) {
  ProcessMemory memory;
  memory.processes = 1;
  bool has_pss = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view name = take_word(line);
    const auto kib = number(take_word(line));
    if (!kib || take_word(line) != "kB") continue;
    if (name == "Rss:") memory.rss = *kib * 1024;
    if (name == "Pss:") {
      memory.pss = *kib * 1024;
      has_pss = true;
    }
    if (name == "Private_Clean:" || name == "Private_Dirty:") memory.uss += *kib * 1024;
  }
  if (!has_pss) return std::nullopt;
  return memory;
}

namespace {

std::optional<ProcessMemory> memory_in(const std::filesystem::path& process) {
  const auto text = os::read_file(process / "smaps_rollup", largest_file);
  return text ? read_smaps_rollup(*text) : std::nullopt;
}

}  // namespace

std::optional<ProcessMemory> memory_of(pid_t process) { return memory_in(fmt::format("/proc/{}", process)); }

std::optional<ProcessMemory> own_memory() { return memory_in("/proc/self"); }

std::vector<pid_t> forked_by(pid_t process) {
  const auto text = os::read_file(fmt::format("/proc/{0}/task/{0}/children", process), largest_file);
  std::vector<pid_t> children;
  std::string_view left = text ? std::string_view(*text) : std::string_view();
  while (const auto child = number(take_word(left))) children.push_back(static_cast<pid_t>(*child));
  return children;
}

std::string encode_memory(const std::vector<ProcessMemory>& all) {
  std::string text;
  for (const ProcessMemory& memory : all)
    text +=
        fmt::format("{} {} {} {} {}\n", memory.name, memory.processes, memory.pss, memory.uss, memory.rss);
  return text;
}

std::vector<ProcessMemory> decode_memory(std::string_view text) {
  std::vector<ProcessMemory> all;
  for (;;) {
    ProcessMemory memory;
    memory.name = take_word(text);
    for (std::uint64_t* member : {&memory.processes, &memory.pss, &memory.uss, &memory.rss}) {
      const auto value = number(take_word(text));
      if (!value) return all;
      *member = *value;
    }
    all.push_back(std::move(memory));
  }
}

}  // namespace rastel::sandbox
