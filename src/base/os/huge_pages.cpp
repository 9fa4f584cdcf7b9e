// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/huge_pages.hpp"

#include <cstdlib>

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#define RASTEL_HUGE_PAGES 1
#endif

namespace rastel::os {

#ifdef RASTEL_HUGE_PAGES

namespace {

constexpr int collapse = 25;  // MADV_COLLAPSE: younger than the C library's headers

std::vector<std::span<std::byte>> anonymous_memory() {
  std::vector<std::span<std::byte>> all;
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    void* start = nullptr;
    void* end = nullptr;
    std::uint64_t inode = 0;
    char access[5] = "";
    if (std::sscanf(line.c_str(), "%p-%p %4s %*x %*x:%*x %" SCNu64, &start, &end, access, &inode) != 4)
      continue;
    if (inode == 0 && std::string_view(access) == "rw-p" && line.find("[stack") == std::string::npos)
      all.emplace_back(static_cast<std::byte*>(start), static_cast<std::byte*>(end));
  }
  return all;
}

}  // namespace

std::uint64_t use_huge_pages() {
  std::uint64_t moved = 0;
  for (std::span<std::byte> memory : anonymous_memory()) {
    const std::size_t over = reinterpret_cast<std::uintptr_t>(memory.data()) % huge_page;
    memory = memory.subspan(std::min(over == 0 ? 0 : huge_page - over, memory.size()));
    // One at a time: where one can't be had the next may be.
    for (; memory.size() >= huge_page; memory = memory.subspan(huge_page))
      if (madvise(memory.data(), huge_page, collapse) == 0) moved += huge_page;
  }
  return moved;
}

#else

std::uint64_t use_huge_pages() { return 0; }

#endif

std::pair<std::string, std::string> huge_pages_for_malloc() {
  const char* before = std::getenv("GLIBC_TUNABLES");
  const std::string own = "glibc.malloc.hugetlb=1";
  return {"GLIBC_TUNABLES", before == nullptr || *before == 0 ? own : own + ":" + before};
}

}  // namespace rastel::os
