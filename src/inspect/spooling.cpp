// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/spooling.hpp"

namespace rastel::inspect {

namespace asio = boost::asio;

asio::awaitable<Result<>> Spooling::write(std::string& block) {
  if (block.empty()) co_return Result<>{};
  Result<> written;
  if (writer_.size() + block.size() <= Message::memory_limit) {
    written = writer_.write(block);
  } else {
    auto work = [this, &block] { return writer_.write(block); };
    written = co_await blocking_.run(std::move(work));
  }
  block.clear();
  co_return written;
}

asio::awaitable<Result<MessagePointer>> Spooling::finish() {
  if (writer_.size() <= Message::memory_limit) co_return writer_.finish();
  auto work = [this] { return writer_.finish(); };
  co_return co_await blocking_.run(std::move(work));
}

}  // namespace rastel::inspect
