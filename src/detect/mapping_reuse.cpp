// SPDX-License-Identifier: GPL-2.0-only
#include "detect/mapping_reuse.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

#include <dlfcn.h>
#include <sys/mman.h>

#include "base/os/huge_pages.hpp"

#ifdef RASTEL_SANITIZED
#define RASTEL_MAPPING_REUSE 0
#else
#define RASTEL_MAPPING_REUSE 1
#endif

namespace rastel::detect {
namespace {

// libc's own, behind ours.
struct Next {
  decltype(&::mmap64) map = reinterpret_cast<decltype(&::mmap64)>(::dlsym(RTLD_NEXT, "mmap64"));
  decltype(&::munmap) unmap = reinterpret_cast<decltype(&::munmap)>(::dlsym(RTLD_NEXT, "munmap"));
};
const Next& libc() {
  static const Next functions;
  return functions;
}

// Nothing here may allocate: it runs below everything.
class SpinLock {
 public:
  void lock() {
    while (held_.test_and_set(std::memory_order_acquire)) held_.wait(true, std::memory_order_relaxed);
  }
  void unlock() {
    held_.clear(std::memory_order_release);
    held_.notify_one();
  }

 private:
  std::atomic_flag held_;
};

[[maybe_unused]] constexpr std::size_t page = 4096;
using os::huge_page;

[[maybe_unused]] constexpr std::size_t round_up(std::size_t length, std::size_t unit) {
  return length > SIZE_MAX - unit ? length : (length + unit - 1) / unit * unit;
}

struct Region {
  void* start = nullptr;
  std::size_t size = 0;
  std::size_t asked = 0;  // of which so much was given out: all but a tail
  bool in_use = false;
};

class Regions {
 public:
  // A kept one that is large enough and not much too large, zeroed; nullptr if there is none.
  void* take(std::size_t asked) {
    void* start = nullptr;
    {
      const std::lock_guard lock(lock_);
      Region* best = nullptr;
      for (Region& region : regions_) {
        if (region.start == nullptr || region.in_use || region.size < asked || region.size / 4 > asked)
          continue;
        if (best == nullptr || region.size < best->size) best = &region;
      }
      if (best == nullptr) return nullptr;
      best->in_use = true;
      best->asked = asked;
      kept_ -= best->size;
      start = best->start;
    }
    ++reused_;
    return std::memset(start, 0, asked);
  }

  // From now on its end comes by here, in the place of one that lies unused if need be. Where no place is to
  // be had, it ends as any other.
  void note(void* start, std::size_t size, std::size_t asked) {
    const std::lock_guard lock(lock_);
    auto place = std::ranges::find(regions_, nullptr, &Region::start);
    if (place == regions_.end()) place = std::ranges::find(regions_, false, &Region::in_use);
    if (place == regions_.end()) return unmap_tail({start, size, asked, true});
    if (place->start != nullptr) unmap_kept(*place);
    *place = {start, size, asked, true};
  }

  void let_go() {
    const std::lock_guard lock(lock_);
    for (Region& region : regions_)
      if (region.start != nullptr && !region.in_use) unmap_kept(region);
  }

  // True: it is kept. False: the caller is to unmap it.
  bool give_back(void* start, std::size_t length) {
    const std::lock_guard lock(lock_);
    for (Region& region : regions_) {
      if (region.start == nullptr || !overlap(region, start, length)) continue;
      const bool whole = region.in_use && region.start == start && region.asked == length;
      const std::size_t room = region.size < huge_page ? most_kept : most_kept - kept_for_small;
      if (whole && kept_ + region.size <= room) {
        region.in_use = false;
        kept_ += region.size;
        return true;
      }
      forget(region);
    }
    return false;
  }

  [[nodiscard]] std::uint64_t reused() const { return reused_.load(std::memory_order_relaxed); }

 private:
  static bool overlap(const Region& region, const void* start, std::size_t length) {
    const auto first = reinterpret_cast<std::uintptr_t>(region.start);
    const auto other = reinterpret_cast<std::uintptr_t>(start);
    return other < first + region.size && first < other + length;
  }

  // libclamav also unmaps the end of a mapping alone. What remains of such a one is the kernel's business,
  // but for the tail that nobody else knows of.
  void forget(Region& region) {
    if (!region.in_use) kept_ -= region.size;
    unmap_tail(region);
    region = {};
  }
  void unmap_kept(Region& region) {
    kept_ -= region.size;
    (void)libc().unmap(region.start, region.size);
    region = {};
  }
  static void unmap_tail(const Region& region) {
    if (region.size > region.asked)
      (void)libc().unmap(static_cast<char*>(region.start) + region.asked, region.size - region.asked);
  }

  SpinLock lock_;
  std::array<Region, 64> regions_{};
  std::size_t kept_ = 0;
  std::atomic<std::uint64_t> reused_ = 0;
};

constinit Regions regions;
constinit thread_local int scans_of_this_thread = 0;

}  // namespace

ReusedMappings::ReusedMappings() { ++scans_of_this_thread; }
ReusedMappings::~ReusedMappings() { --scans_of_this_thread; }

void ReusedMappings::let_go() { regions.let_go(); }

std::uint64_t ReusedMappings::served() { return regions.reused(); }

}  // namespace rastel::detect

#if RASTEL_MAPPING_REUSE

namespace {

bool is_a_scans(const void* address, std::size_t length, int protection, int flags, int descriptor) {
  return rastel::detect::scans_of_this_thread > 0 && address == nullptr && descriptor == -1 &&
         protection == (PROT_READ | PROT_WRITE) && flags == (MAP_PRIVATE | MAP_ANONYMOUS) && length > 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void* mmap64(void* address, std::size_t length,
                                                               int protection, int flags, int descriptor,
                                                               off64_t offset) noexcept {
  using namespace rastel::detect;
  if (!is_a_scans(address, length, protection, flags, descriptor))
    return libc().map(address, length, protection, flags, descriptor, offset);
  const std::size_t asked = round_up(length, page);
  if (void* kept = regions.take(asked)) return kept;
  // All of it will be read into. Only a whole number of huge pages is sure to lie in some (Linux 6.12); where
  // there are none to be had, what is behind the end costs nothing.
  const bool in_huge_pages = asked > huge_page / 2;
  const std::size_t size = in_huge_pages ? round_up(asked, huge_page) : asked;
  void* mapped = libc().map(nullptr, size, protection, flags, -1, 0);
  // Near the limit of its memory a worker may have room for what was asked alone.
  if (mapped == MAP_FAILED)
    return size == asked ? mapped : libc().map(nullptr, asked, protection, flags, -1, 0);
#ifdef MADV_HUGEPAGE
  if (in_huge_pages) (void)madvise(mapped, size, MADV_HUGEPAGE);
#endif
  regions.note(mapped, size, asked);
  return mapped;
}

extern "C" __attribute__((visibility("default"))) int munmap(void* address, std::size_t length) noexcept {
  if (rastel::detect::regions.give_back(address, rastel::detect::round_up(length, rastel::detect::page)))
    return 0;
  return rastel::detect::libc().unmap(address, length);
}

#endif
