// SPDX-License-Identifier: GPL-2.0-only
// A message on its way into the spool: a small one never leaves the session's thread, what is larger is
// written by the blocking pool. One session.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/message.hpp"
#include "inspect/blocking.hpp"

namespace rastel::inspect {

// Beyond it (bytes of a message) its buffers' pages go back to the system once it lies in the spool.
inline constexpr std::uint64_t large_message = 4 << 20;

// Whether a message of so many bytes seems to fit; its writing will tell.
[[nodiscard]] bool has_space(const std::filesystem::path& spool, std::uint64_t bytes);

class Spooling {
 public:
  // `most`: bytes, as of MessageWriter.
  Spooling(std::filesystem::path spool, std::uint64_t most, BlockingPool& blocking)
      : writer_(std::move(spool), most), blocking_(blocking) {}

  // Empties the block; the caller leaves it alone meanwhile.
  [[nodiscard]] boost::asio::awaitable<Result<>> write(std::string& block);
  [[nodiscard]] boost::asio::awaitable<Result<MessagePointer>> finish();

 private:
  MessageWriter writer_;
  BlockingPool& blocking_;
};

}  // namespace rastel::inspect
