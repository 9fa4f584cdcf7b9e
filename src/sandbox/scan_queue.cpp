// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/scan_queue.hpp"

#include <algorithm>
#include <utility>

namespace rastel::sandbox {

ScanQueue::ScanQueue(boost::asio::any_io_executor executor, std::uint32_t workers)
    : executor_(std::move(executor)), state_(std::make_shared<State>()) {
  state_->budget = huge * (workers > 1 ? workers - 1 : 1);
}

ScanQueue::PlacePointer ScanQueue::enter(std::uint64_t size) {
  return state_->places.emplace_back(std::make_shared<Place>(executor_, size));
}

void ScanQueue::leave(const PlacePointer& place) {
  std::erase(state_->places, place);
  wake_next();
}

bool ScanQueue::is_next(const PlacePointer& place) const { return state_->next() == place; }

ScanQueue::Share ScanQueue::take_share(std::uint64_t size) {
  if (size <= huge) return nullptr;
  state_->under_scan += size;
  const auto give_back = [weak = std::weak_ptr(state_), size](const void*) {
    if (const auto state = weak.lock()) {
      state->under_scan -= size;
      state->wake_next();
    }
  };
  return {static_cast<const void*>(this), give_back};
}

void ScanQueue::wake_next() { state_->wake_next(); }

void ScanQueue::wake_all() {
  for (const PlacePointer& place : state_->places) place->wake.cancel();
}

bool ScanQueue::State::fits(std::uint64_t size) const {
  return size <= huge || under_scan == 0 || (under_scan < budget && size <= budget - under_scan);
}

ScanQueue::PlacePointer ScanQueue::State::next() const {
  bool a_huge_one_waits = false;
  for (const PlacePointer& place : places) {
    if (place->size > huge && std::exchange(a_huge_one_waits, true)) continue;
    if (fits(place->size)) return place;
  }
  return nullptr;
}

void ScanQueue::State::wake_next() const {
  if (const PlacePointer place = next()) place->wake.cancel();
}

}  // namespace rastel::sandbox
