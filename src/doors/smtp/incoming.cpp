// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/incoming.hpp"

namespace rastel::doors::smtp {

namespace asio = boost::asio;

asio::awaitable<Result<>> Incoming::spool() {
  if (whole_.empty()) co_return Result<>{};
  Result<> written;
  if (writer_.size() + whole_.size() <= Message::memory_limit) {
    written = writer_.write(whole_);
  } else {
    written = co_await blocking_.run([this] { return writer_.write(whole_); });
  }
  whole_.clear();
  co_return written;
}

asio::awaitable<Result<>> Incoming::feed(std::string_view bytes) {
  broken_.clear();
  line_breaks_.feed(bytes, broken_);
  header_.feed(broken_, whole_);
  // In blocks: a client may send byte by byte.
  if (whole_.size() < 32 * 1024) co_return Result<>{};
  co_return co_await spool();
}

asio::awaitable<Result<MessagePointer>> Incoming::finish() {
  broken_.clear();
  line_breaks_.finish(broken_);
  header_.feed(broken_, whole_);
  header_.finish(whole_);
  RASTEL_CO_CHECK(co_await spool());
  if (writer_.size() <= Message::memory_limit) co_return writer_.finish();
  co_return co_await blocking_.run([this] { return writer_.finish(); });
}

}  // namespace rastel::doors::smtp
