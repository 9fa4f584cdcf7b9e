// SPDX-License-Identifier: GPL-2.0-only
// Privilege is data: one table, a row a process, and one function that applies a row. `grep confine` finds
// every place where privilege is given up. Linux; elsewhere (and in a portable build) nothing can be had and
// every row says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rastel::sandbox {

enum class Protection : std::uint8_t {
  own_namespaces,  // mount, network, IPC, host name
  empty_root,      // nothing but a size-limited temporary filesystem
  own_id,          // a user id that nothing else has
  no_capabilities,
  limits,  // address space, files, core dumps
  no_new_privileges,
  no_files,   // Landlock: only the scratch folder; the page: none
  few_calls,  // seccomp
};

enum class Process : std::uint8_t { zygote, worker, page };

// How the master could start us (argv of rastel-engine).
enum class UserNamespace : std::uint8_t { mapped, single, none };

struct Circumstances {
  UserNamespace user_namespace = UserNamespace::none;
  std::uint32_t slot = 0;          // the worker's number: its id and its folder's name come from it
  std::uint64_t scratch_size = 0;  // bytes
  std::uint64_t memory = 0;        // bytes of address space beyond what is mapped now
  // Zygote: where its empty root is mounted. Worker: where its private scratch folder is made when it gets
  // none.
  std::filesystem::path temporary;
};

struct Confined {
  std::filesystem::path scratch;     // a worker's own folder: its temporary space
  std::vector<std::string> missing;  // one sentence for each protection of the row that could not be had
};

// Applies `process`'s row to the calling process; for good. An error only when not even a private scratch
// folder is to be had. `keep`: the only descriptor that stays open besides 0, 1 and 2.
[[nodiscard]] Result<Confined> confine(Process process, const Circumstances& circumstances, int keep);

// The rows, for documents and tests.
struct ConfinementRow {
  Process process;
  Protection protection;
  std::string_view what;
};
[[nodiscard]] const std::vector<ConfinementRow>& confinement_table();

inline constexpr std::uint32_t first_worker_id = 0x7A000000;  // beyond all ids that Debian hands out
inline constexpr std::uint32_t mapped_ids = 1024;             // ids of one engine's user namespace

}  // namespace rastel::sandbox
