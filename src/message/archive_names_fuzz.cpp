// SPDX-License-Identifier: GPL-2.0-only
// Names in archives, by every reader of a format: within their limits, each once, UTF-8. What the process's
// limit on memory does to a worker, the allocator's does here.
#include <cstdlib>
#include <set>

#include "message/archive_names.hpp"
#include "message/charset.hpp"

extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  constexpr std::size_t room = 1 << 20;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ArchiveNames found = archive_names(bytes, room);
  constexpr std::size_t most = ArchiveNames::most_names + ArchiveNames::most_behind;
  if (found.names.size() > most || found.unpacked > room) std::abort();
  std::size_t total = 0;
  std::set<std::string_view> seen;
  for (const std::string& name : found.names) {
    total += name.size();
    if (name.empty() || name.size() > ArchiveNames::longest_name || !is_valid_utf8(name) ||
        !seen.insert(name).second)
      std::abort();
  }
  if (total > ArchiveNames::most_bytes + ArchiveNames::most_behind * ArchiveNames::longest_name) std::abort();
  return 0;
}
