// SPDX-License-Identifier: GPL-2.0-only
// What processes take of the memory, as the kernel says it (/proc/PID/smaps_rollup). Zygote and workers have
// ids of their own and may not be looked at by the daemon; the master, who started them, may. Linux;
// elsewhere nothing is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace rastel::sandbox {

// In bytes, summed over `processes`. PSS: a page that n processes share counts 1/n; USS: what nobody shares.
struct ProcessMemory {
  std::string name;  // master, daemon, page, zygote, worker
  std::uint64_t processes = 0;
  std::uint64_t pss = 0, uss = 0, rss = 0;
};

// Nothing: the process is gone, or the kernel doesn't say.
[[nodiscard]] std::optional<ProcessMemory> memory_of(pid_t process);
// Of this process, whose number in its own namespace may be another than in /proc.
[[nodiscard]] std::optional<ProcessMemory> own_memory();
[[nodiscard]] std::optional<ProcessMemory> read_smaps_rollup(std::string_view text);
[[nodiscard]] std::vector<pid_t> forked_by(pid_t process);

// One line each: between master and daemon.
[[nodiscard]] std::string encode_memory(const std::vector<ProcessMemory>& all);
[[nodiscard]] std::vector<ProcessMemory> decode_memory(std::string_view text);

}  // namespace rastel::sandbox
