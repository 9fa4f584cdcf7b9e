// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/verdict_table.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <span>

#include "base/identifier.hpp"

namespace rastel::sandbox {
namespace {

constexpr std::uint64_t magic = 0x5253544c56540001;
constexpr std::uint64_t largest = std::uint64_t{1} << 40;

struct Header {
  std::uint64_t magic;
  std::uint64_t secret;  // odd
  std::uint64_t buckets;
};

using Words = std::array<std::uint64_t, 4>;  // of a key

// Only looked at through atomic_ref: another process may write it meanwhile.
struct Entry {
  std::uint32_t sequence;
  std::uint32_t minute;  // 0: empty
  Words key;
};
struct Bucket {
  std::array<Entry, 8> entries;
};
static_assert(sizeof(Bucket) == 320 && std::atomic_ref<std::uint64_t>::is_always_lock_free);

constexpr std::size_t header_space = 4096;

// One more, so that 0 means empty even in the first minute of a machine.
std::uint32_t minute_of(VerdictTable::Clock::time_point when) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::minutes>(when.time_since_epoch()).count() + 1);
}

Words words_of(const Digest& key) {
  Words words;
  static_assert(sizeof words == sizeof key.bytes);
  std::memcpy(words.data(), key.bytes.data(), sizeof words);
  return words;
}

// atomic_ref<const T> comes with C++26; loads alone are made through it.
template <class Value>
Value load(const Value& value, std::memory_order order) {
  return std::atomic_ref<Value>(const_cast<Value&>(value)).load(order);
}

struct Read {
  std::uint32_t minute = 0;
  Words key{};
};

// An entry as it was at one moment; empty if it is being written.
Read read_entry(const Entry& entry) {
  const std::uint32_t before = load(entry.sequence, std::memory_order_acquire);
  Read read;
  read.minute = load(entry.minute, std::memory_order_relaxed);
  for (std::size_t i = 0; i < read.key.size(); ++i)
    read.key[i] = load(entry.key[i], std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if ((before & 1) != 0 || load(entry.sequence, std::memory_order_relaxed) != before) return {};
  return read;
}

void write_entry(Entry& entry, std::uint32_t minute, const Words& key) {
  const std::uint32_t before = load(entry.sequence, std::memory_order_relaxed);
  std::atomic_ref(entry.sequence).store(before + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  std::atomic_ref(entry.minute).store(minute, std::memory_order_relaxed);
  for (std::size_t i = 0; i < key.size(); ++i)
    std::atomic_ref(entry.key[i]).store(key[i], std::memory_order_relaxed);
  std::atomic_ref(entry.sequence).store(before + 2, std::memory_order_release);
}

bool expired(std::uint32_t minute, std::uint32_t now) {
  return minute == 0 || now - minute >= static_cast<std::uint32_t>(VerdictTable::longest.count());
}

// nullptr if the memory isn't a table.
const Bucket* bucket_of(std::span<const std::byte> memory, const Words& key) {
  Header header;
  if (memory.size() < header_space) return nullptr;
  std::memcpy(&header, memory.data(), sizeof header);
  if (header.magic != magic || header.buckets == 0 ||
      header.buckets > (memory.size() - header_space) / sizeof(Bucket))
    return nullptr;
  // Multiply-shift: the high half of the product is as good as random to who doesn't know the secret.
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t mixed = (key[0] ^ key[1]) * header.secret;
  const auto index = static_cast<std::uint64_t>((static_cast<Wide>(mixed) * header.buckets) >> 64);
  return reinterpret_cast<const Bucket*>(memory.data() + header_space) + index;
}

bool holds(std::span<const std::byte> memory, const Digest& digest, VerdictTable::Clock::time_point when) {
  const Words key = words_of(digest);
  const Bucket* bucket = bucket_of(memory, key);
  if (bucket == nullptr) return false;
  const std::uint32_t now = minute_of(when);
  return std::ranges::any_of(bucket->entries, [&](const Entry& entry) {
    const Read read = read_entry(entry);
    return read.key == key && !expired(read.minute, now);
  });
}

}  // namespace

Result<std::unique_ptr<VerdictTable>> VerdictTable::create(std::uint64_t bytes) {
  const std::uint64_t buckets = std::max<std::uint64_t>(std::min(bytes, largest) / sizeof(Bucket), 1);
  RASTEL_TRY(os::SharedMemory memory, os::shared_memory(header_space + buckets * sizeof(Bucket)));
  const std::uint64_t secret = (std::uint64_t{unguessable_number()} << 32 | unguessable_number()) | 1;
  const Header header{magic, secret, buckets};
  std::memcpy(memory.writable.bytes().data(), &header, sizeof header);
  return std::unique_ptr<VerdictTable>(new VerdictTable(std::move(memory)));
}

void VerdictTable::remember(const Digest& digest, Clock::time_point when) {
  const Words key = words_of(digest);
  auto* bucket = const_cast<Bucket*>(bucket_of(memory_.writable.bytes(), key));
  if (bucket == nullptr) return;
  const std::uint32_t now = minute_of(when);
  Entry* place = nullptr;
  std::uint32_t oldest = std::numeric_limits<std::uint32_t>::max();
  for (Entry& entry : bucket->entries) {
    const Read read = read_entry(entry);
    if (read.minute != 0 && read.key == key) return write_entry(entry, now, key);
    const std::uint32_t age_order = expired(read.minute, now) ? 0 : read.minute;
    if (place != nullptr && age_order >= oldest) continue;
    place = &entry;
    oldest = age_order;
  }
  if (load(place->minute, std::memory_order_relaxed) == 0) ++entries_;
  write_entry(*place, now, key);
}

void VerdictTable::forget(const Digest& digest) {
  const Words key = words_of(digest);
  auto* bucket = const_cast<Bucket*>(bucket_of(memory_.writable.bytes(), key));
  if (bucket == nullptr) return;
  for (Entry& entry : bucket->entries) {
    const Read read = read_entry(entry);
    if (read.minute == 0 || read.key != key) continue;
    write_entry(entry, 0, {});
    --entries_;
  }
}

bool VerdictTable::knows(const Digest& key, Clock::time_point now) const {
  return holds(memory_.writable.bytes(), key, now);
}

Result<std::unique_ptr<VerdictTableView>> VerdictTableView::open(const FileDescriptor& descriptor) {
  RASTEL_TRY(os::Mapping mapping, os::map_read_only(descriptor.get(), largest));
  return std::unique_ptr<VerdictTableView>(new VerdictTableView(std::move(mapping)));
}

bool VerdictTableView::knows(const Digest& key) const {
  return holds(mapping_.bytes(), key, VerdictTable::Clock::now());
}

}  // namespace rastel::sandbox
