// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/incoming.hpp"

#include <utility>

#include "base/ascii.hpp"

namespace rastel::doors::milter {

namespace asio = boost::asio;

namespace {
constexpr std::size_t block = 32 * 1024;  // octets; what is written at a time
}

void Incoming::take() {
  if (error_) return rebuilt_.clear();
  header_.feed(rebuilt_, whole_);
  rebuilt_.clear();
}

void Incoming::received(std::string_view field) {
  rebuilt_ += field;
  take();
}

void Incoming::header(std::string_view name, std::string_view value) {
  if (equal_ignoring_case(trim(name), inspect::own_field)) {
    forged_.emplace_back(name);
    return;
  }
  rebuilder_.header(name, value, rebuilt_);
  take();
}

void Incoming::end_of_headers() {
  rebuilder_.end_of_headers(rebuilt_);
  take();
}

void Incoming::body(std::string_view chunk) {
  if (!header_.in_body()) {
    rebuilder_.body(chunk, rebuilt_);
    return take();
  }
  if (error_) return;
  whole_ += chunk;
  header_.pass(chunk);
}

asio::awaitable<void> Incoming::settle() {
  if (whole_.size() < block || error_) co_return;
  const Result<> written = co_await spooling_.write(whole_);
  if (!written) error_ = written.error();
}

asio::awaitable<Result<MessagePointer>> Incoming::finish() {
  rebuilder_.finish(rebuilt_);
  take();
  header_.finish(whole_);
  if (!error_) {
    const Result<> written = co_await spooling_.write(whole_);
    if (!written) error_ = written.error();
  }
  std::string().swap(whole_);  // an assignment would keep its memory
  if (error_) co_return std::unexpected(*std::exchange(error_, std::nullopt));
  co_return co_await spooling_.finish();
}

}  // namespace rastel::doors::milter
