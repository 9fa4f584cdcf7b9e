// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/client_limits.hpp"

#include <algorithm>

#include <arpa/inet.h>

namespace rastel::doors::smtp {
namespace {

std::string key_of(const std::string& address) {
  in6_addr inet6{};
  if (inet_pton(AF_INET6, address.c_str(), &inet6) != 1) return address;
  return {reinterpret_cast<const char*>(&inet6), 8};
}

}  // namespace

void ClientLimits::fade(Client& client, Clock::time_point now) const {
  const std::chrono::duration<double> passed = now - client.at;
  client.at = now;
  client.errors = std::max(0.0, client.errors - passed.count() * most_errors_ / 60);
}

ClientLimits::Client* ClientLimits::find(const std::string& key, Clock::time_point now) {
  const auto found = clients_.find(key);
  if (found == clients_.end()) return nullptr;
  fade(found->second, now);
  return &found->second;
}

ClientLimits::Client* ClientLimits::find_or_add(const std::string& key, Clock::time_point now) {
  if (Client* known = find(key, now)) return known;
  if (clients_.size() >= tidy_at_ && now >= tidy_from_) forget_quiet_ones(now);
  if (clients_.size() >= most_addresses) return nullptr;
  return &clients_.emplace(key, Client{0, 0, now}).first->second;
}

void ClientLimits::forget_quiet_ones(Clock::time_point now) {
  for (auto entry = clients_.begin(); entry != clients_.end();) {
    Client& client = entry->second;
    fade(client, now);
    entry = client.sessions == 0 && client.errors <= 0 ? clients_.erase(entry) : std::next(entry);
  }
  // A full table isn't gone through at every newcomer: that is what whoever fills it would like.
  tidy_from_ = now + std::chrono::seconds(1);
  tidy_at_ = std::clamp<std::size_t>(clients_.size() + clients_.size() / 8, 1024, most_addresses);
}

bool ClientLimits::enter(const std::string& address, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Client* client = find_or_add(key_of(address), now);
  if (client == nullptr) return true;
  if (client->sessions >= most_sessions_) return false;
  ++client->sessions;
  return true;
}

void ClientLimits::leave(const std::string& address, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const std::string key = key_of(address);
  Client* client = find(key, now);
  if (client == nullptr) return;
  if (client->sessions > 0) --client->sessions;
  if (client->sessions == 0 && client->errors <= 0) clients_.erase(key);
}

void ClientLimits::add_errors(const std::string& address, std::uint32_t count, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (Client* client = find_or_add(key_of(address), now)) client->errors += count;
}

bool ClientLimits::too_many_errors(const std::string& address, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const Client* client = find(key_of(address), now);
  return client != nullptr && client->errors >= most_errors_;
}

std::size_t ClientLimits::addresses() const {
  const std::lock_guard lock(mutex_);
  return clients_.size();
}

}  // namespace rastel::doors::smtp
