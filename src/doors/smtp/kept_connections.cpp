// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/kept_connections.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace rastel::doors::smtp {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> say_goodbye(std::shared_ptr<net::SmtpClient> client) { co_await client->quit(); }

// On its own thread.
void end(net::SmtpClient client) {
  const auto executor = client.executor();
  asio::co_spawn(executor, say_goodbye(std::make_shared<net::SmtpClient>(std::move(client))), asio::detached);
}

}  // namespace

std::optional<net::SmtpClient> KeptConnections::take(const asio::any_io_executor& executor) {
  const std::lock_guard lock(mutex_);
  for (auto place = kept_.end(); place != kept_.begin();) {
    --place;
    if ((*place)->expiry.get_executor() != executor) continue;
    const KeptPointer kept = *place;
    place = kept_.erase(place);
    kept->expiry.cancel();
    if (kept->client.reusable(oldest)) return std::move(kept->client);
  }
  return std::nullopt;
}

bool KeptConnections::keep(net::SmtpClient& client) {
  if (idle_ == Duration::zero() || !client.reusable(oldest)) return false;
  const std::lock_guard lock(mutex_);
  if (closed_ || kept_.size() >= most) return false;
  const auto kept = std::make_shared<Kept>(std::move(client));
  kept_.push_back(kept);
  kept->expiry.expires_after(idle_);
  kept->expiry.async_wait(
      [weak = weak_from_this(), left = std::weak_ptr(kept)](boost::system::error_code code) {
        const auto self = weak.lock();
        const KeptPointer still = left.lock();
        if (!code && self && still) self->expired(still);
      });
  return true;
}

void KeptConnections::expired(const KeptPointer& kept) {
  {
    const std::lock_guard lock(mutex_);
    if (std::erase(kept_, kept) == 0) return;  // taken meanwhile
  }
  end(std::move(kept->client));
}

void KeptConnections::close() {
  std::list<KeptPointer> all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    all.swap(kept_);
  }
  for (const KeptPointer& kept : all) end(std::move(kept->client));
}

}  // namespace rastel::doors::smtp
