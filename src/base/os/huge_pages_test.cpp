// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/huge_pages.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace rastel::os {
namespace {

TEST(HugePages, MemoryKeepsItsContent) {
  constexpr std::size_t size = std::size_t{16} << 20;
  void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(start, MAP_FAILED);
  const std::span bytes(static_cast<unsigned char*>(start), size);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 31 >> 8);
  const std::uint64_t moved = use_huge_pages();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    wrong += bytes[i] == static_cast<unsigned char>(i * 31 >> 8) ? 0 : 1;
  EXPECT_EQ(wrong, 0U);
  ::munmap(start, size);
#ifdef RASTEL_PORTABLE
  EXPECT_EQ(moved, 0U);
#else
  if (moved == 0) GTEST_SKIP() << "this kernel gives no huge pages";
  EXPECT_GE(moved, std::uint64_t{2} << 20);
#endif
}

TEST(HugePages, WhatTheEnvironmentSaysOfMallocHasTheLastWord) {
  const char* before = std::getenv("GLIBC_TUNABLES");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0", 1);
  const std::pair<std::string, std::string> with{"GLIBC_TUNABLES",
                                                 "glibc.malloc.hugetlb=1:glibc.malloc.hugetlb=0"};
  EXPECT_EQ(huge_pages_for_malloc(), with);
  ::unsetenv("GLIBC_TUNABLES");
  const std::pair<std::string, std::string> alone{"GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"};
  EXPECT_EQ(huge_pages_for_malloc(), alone);
  if (before != nullptr) ::setenv("GLIBC_TUNABLES", kept.c_str(), 1);
}

}  // namespace
}  // namespace rastel::os
