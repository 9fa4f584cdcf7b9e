// SPDX-License-Identifier: GPL-2.0-only
// Whose turn it is when a worker is free. First come, first served, but for huge messages: libclamav takes
// about three times a mail's size in memory while it reads it, so the huge ones under scan at a time share a
// budget (one always goes, whatever its size). While one waits for its share, the huge ones behind it wait
// too and all others pass: so huge messages never take all workers, where there are several, and none of them
// waits for ever. Confined to its executor's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace rastel::sandbox {

class ScanQueue {
 public:
  static constexpr std::uint64_t huge = 16 << 20;  // bytes; smaller messages need no share

  struct Place {
    Place(const boost::asio::any_io_executor& executor, std::uint64_t message_size)
        : wake(executor), size(message_size) {}
    boost::asio::steady_timer wake;  // cancelled when its owner is to look again
    const std::uint64_t size;
  };
  using PlacePointer = std::shared_ptr<Place>;

  // Of the budget, held while the message is scanned; null where none is needed. May outlive the queue.
  using Share = std::shared_ptr<const void>;

  // The budget is `huge` bytes for each worker but one.
  ScanQueue(boost::asio::any_io_executor executor, std::uint32_t workers);

  [[nodiscard]] PlacePointer enter(std::uint64_t size);
  // Out of the queue, without a worker or with one.
  void leave(const PlacePointer& place);
  [[nodiscard]] bool is_next(const PlacePointer& place) const;
  [[nodiscard]] Share take_share(std::uint64_t size);

  void wake_next();
  void wake_all();

 private:
  struct State {
    [[nodiscard]] PlacePointer next() const;
    [[nodiscard]] bool fits(std::uint64_t size) const;
    void wake_next() const;

    std::uint64_t budget = 0;      // bytes
    std::uint64_t under_scan = 0;  // bytes of huge messages
    std::deque<PlacePointer> places;
  };

  boost::asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace rastel::sandbox
