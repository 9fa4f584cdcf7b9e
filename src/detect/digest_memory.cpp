// SPDX-License-Identifier: GPL-2.0-only
#include "detect/digest_memory.hpp"

#include <cstring>
#include <new>

namespace rastel::detect {

const Digest* DigestMemory::find(std::string_view bytes) const {
  const auto same = by_length_.find(bytes.size());
  if (same == by_length_.end()) return nullptr;
  for (std::size_t number = 0; number < same->second.count; ++number) {
    const Kept& kept = same->second.kept[number];
    if (std::memcmp(kept.bytes.get(), bytes.data(), bytes.size()) == 0) return &kept.digest;
  }
  return nullptr;
}

void DigestMemory::keep(std::string_view bytes, const Digest& digest) {
  if (bytes.size() < shortest || bytes.size() > room_) return;
  SameLength& same = by_length_[bytes.size()];
  if (same.count == most_of_a_length) return;
  // A worker near the limit of its memory has other uses for it.
  std::unique_ptr<char[]> copy(new (std::nothrow) char[bytes.size()]);
  if (!copy) return;
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  same.kept[same.count++] = {std::move(copy), digest};
  room_ -= bytes.size();
}

Digest DigestMemory::digest_of(std::string_view bytes) {
  const Digest* known = find(bytes);
  if (known == nullptr) return sha256(bytes);
  ++spared_;
  return *known;
}

Digest DigestMemory::digest_and_keep(std::string_view bytes) {
  if (const Digest* known = find(bytes)) {
    ++spared_;
    return *known;
  }
  const Digest digest = sha256(bytes);
  keep(bytes, digest);
  return digest;
}

void DigestMemory::clear() {
  by_length_.clear();
  room_ = 0;
}

}  // namespace rastel::detect
