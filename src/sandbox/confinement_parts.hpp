// SPDX-License-Identifier: GPL-2.0-only
// The single protections that confinement.cpp puts together. Each answers an empty string, or why it can't be
// had.
#pragma once

#include <filesystem>
#include <string>

#include "sandbox/confinement.hpp"

namespace rastel::sandbox {

[[nodiscard]] std::string new_namespaces();
// Mounts a temporary filesystem of `size` bytes owned by `owner` on `mount_point` and makes it the root.
[[nodiscard]] std::string enter_empty_root(const std::filesystem::path& mount_point, std::uint64_t size,
                                           std::uint32_t owner);
[[nodiscard]] std::string become(std::uint32_t id);
void empty_bounding_set();  // before become()
[[nodiscard]] std::string drop_capabilities();
[[nodiscard]] std::string set_limits(const Circumstances& circumstances);
[[nodiscard]] std::string set_page_limits();
[[nodiscard]] std::string forbid_new_privileges();
[[nodiscard]] std::string allow_only_folder(const std::filesystem::path& folder);  // Landlock
[[nodiscard]] std::string allow_no_file();                                         // Landlock
[[nodiscard]] std::string allow_few_calls(Process process);                        // seccomp
// Call first of all, while there are no limits: this process doesn't outlive its parent. (On Linux
// forbid_new_privileges() sees to it.)
void end_with_parent();
void close_from(int first);    // that one and all above
void close_all_but(int keep);  // all from 3 on but `keep`

}  // namespace rastel::sandbox
