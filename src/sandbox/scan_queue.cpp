// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/scan_queue.hpp"

#include <algorithm>

namespace rastel::sandbox {

ScanQueue::PlacePointer ScanQueue::enter(std::uint64_t size) {
  return places_.emplace_back(std::make_shared<Place>(executor_, size));
}

void ScanQueue::leave(const PlacePointer& place) {
  std::erase(places_, place);
  wake_next();
}

ScanQueue::Share ScanQueue::take_share(std::uint64_t size) {
  if (size < large) return {};
  under_scan_ += size;
  return {*this, size};
}

void ScanQueue::give_back(std::uint64_t size) {
  under_scan_ -= size;
  wake_next();
}

bool ScanQueue::fits(std::uint64_t size) const {
  return size < large || under_scan_ == 0 || (under_scan_ < budget_ && size <= budget_ - under_scan_);
}

ScanQueue::PlacePointer ScanQueue::next() const {
  bool a_large_one_waits = false;
  for (const PlacePointer& place : places_) {
    if (place->size >= large && std::exchange(a_large_one_waits, true)) continue;
    if (fits(place->size)) return place;
  }
  return nullptr;
}

void ScanQueue::wake_next() {
  if (const PlacePointer place = next()) place->wake.cancel();
}

void ScanQueue::wake_all() {
  for (const PlacePointer& place : places_) place->wake.cancel();
}

}  // namespace rastel::sandbox
