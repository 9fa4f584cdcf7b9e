// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/huge_pages.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#define RASTEL_HUGE_PAGES 1
#endif

namespace rastel::os {

#ifdef RASTEL_HUGE_PAGES

namespace {

#ifndef MADV_COLLAPSE
constexpr int MADV_COLLAPSE = 25;
#endif
constexpr std::uint64_t huge_page = 2ULL << 20;

using Range = std::pair<std::uint64_t, std::uint64_t>;

std::vector<Range> anonymous_ranges() {
  std::vector<Range> ranges;
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t inode = 0;
    char access[5] = "";
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %" SCNu64, &start, &end, access,
                    &inode) != 4)
      continue;
    if (inode == 0 && std::string(access) == "rw-p" && line.find("[stack") == std::string::npos)
      ranges.emplace_back(start, end);
  }
  return ranges;
}

}  // namespace

std::uint64_t use_huge_pages() {
  std::uint64_t moved = 0;
  for (const auto& [start, end] : anonymous_ranges())
    // One at a time: where one can't be had the next may be.
    for (std::uint64_t at = (start + huge_page - 1) / huge_page * huge_page; at + huge_page <= end;
         at += huge_page)
      if (madvise(reinterpret_cast<void*>(at), huge_page, MADV_COLLAPSE) == 0) moved += huge_page;
  return moved;
}

#else

std::uint64_t use_huge_pages() { return 0; }

#endif

}  // namespace rastel::os
