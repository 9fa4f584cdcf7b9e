// SPDX-License-Identifier: GPL-2.0-only
// Whose turn it is when a worker is free. First come, first served, but for large messages: libclamav takes
// about three times a mail's size in memory while it reads it, so those under scan at a time share a budget
// (one always goes, however large). While one waits for its share, the large ones behind it wait too and the
// small ones pass: so a few large messages don't take all workers, and none of them waits for ever.
// Confined to its executor's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace rastel::sandbox {

class ScanQueue {
 public:
  static constexpr std::uint64_t large = 1 << 20;  // bytes; smaller messages need no share
  static constexpr std::uint64_t budget_of_a_worker = 16 << 20;

  struct Place {
    Place(boost::asio::any_io_executor executor, std::uint64_t message_size)
        : wake(std::move(executor)), size(message_size) {}
    boost::asio::steady_timer wake;  // cancelled when its owner is to look again
    const std::uint64_t size;
  };
  using PlacePointer = std::shared_ptr<Place>;

  // Of the budget, held while the message is scanned. The queue has to outlive it.
  class Share {
   public:
    Share() = default;
    Share(ScanQueue& queue, std::uint64_t size) : queue_(&queue), size_(size) {}
    Share(Share&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)), size_(other.size_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(queue_, other.queue_);
      std::swap(size_, other.size_);
      return *this;
    }
    ~Share() {
      if (queue_ != nullptr) queue_->give_back(size_);
    }

   private:
    ScanQueue* queue_ = nullptr;
    std::uint64_t size_ = 0;
  };

  ScanQueue(boost::asio::any_io_executor executor, std::uint64_t budget)
      : executor_(std::move(executor)), budget_(budget) {}

  [[nodiscard]] PlacePointer enter(std::uint64_t size);
  // Out of the queue, without a worker or with one.
  void leave(const PlacePointer& place);
  [[nodiscard]] bool is_next(const PlacePointer& place) const { return next() == place; }
  [[nodiscard]] Share take_share(std::uint64_t size);

  void wake_next();
  void wake_all();

 private:
  [[nodiscard]] PlacePointer next() const;
  [[nodiscard]] bool fits(std::uint64_t size) const;
  void give_back(std::uint64_t size);

  boost::asio::any_io_executor executor_;
  const std::uint64_t budget_;    // bytes
  std::uint64_t under_scan_ = 0;  // bytes of large messages
  std::deque<PlacePointer> places_;
};

}  // namespace rastel::sandbox
