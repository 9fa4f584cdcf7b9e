// SPDX-License-Identifier: GPL-2.0-only
// How much memory there is: what Linux says in /proc and in control groups; elsewhere nothing is known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace rastel::os {

// Bytes that a process of ours could still take: the machine's available memory, or less where a control
// group (v2) above this process sets a limit. `root`: where proc and sys/fs/cgroup lie.
[[nodiscard]] std::optional<std::uint64_t> available_memory(const std::filesystem::path& root = "/");

}  // namespace rastel::os
