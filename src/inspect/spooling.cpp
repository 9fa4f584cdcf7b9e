// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/spooling.hpp"

#include <sys/statvfs.h>

namespace rastel::inspect {

bool has_space(const std::filesystem::path& spool, std::uint64_t bytes) {
  struct statvfs disk{};
  if (statvfs(spool.c_str(), &disk) != 0) return true;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize > bytes + (1U << 20);
}

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
