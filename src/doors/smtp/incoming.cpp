// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/incoming.hpp"

namespace rastel::doors::smtp {

namespace asio = boost::asio;

void Incoming::read(std::string_view bytes) {
  if (header_.in_body()) {
    const std::size_t before = whole_.size();
    line_breaks_.feed(bytes, whole_);
    return header_.pass(std::string_view(whole_).substr(before));
  }
  std::string lines;
  line_breaks_.feed(bytes, lines);
  header_.feed(lines, whole_);
}

asio::awaitable<Result<>> Incoming::feed(std::string_view bytes) {
  read(bytes);
  // In blocks: a client may send byte by byte.
  if (whole_.size() < 32 * 1024) co_return Result<>{};
  co_return co_await spooling_.write(whole_);
}

asio::awaitable<Result<MessagePointer>> Incoming::finish() {
  std::string last;
  line_breaks_.finish(last);
  header_.feed(last, whole_);
  header_.finish(whole_);
  RASTEL_CO_CHECK(co_await spooling_.write(whole_));
  std::string().swap(whole_);  // an assignment would keep its memory
  co_return co_await spooling_.finish();
}

}  // namespace rastel::doors::smtp
