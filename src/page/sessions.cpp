// SPDX-License-Identifier: GPL-2.0-only
#include "page/sessions.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <boost/asio/ip/address_v6.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

namespace rastel::page {

std::string new_secret() {
  Digest random;
  if (RAND_bytes(random.bytes.data(), static_cast<int>(random.bytes.size())) != 1) std::abort();
  return random.hex();
}

bool same_secret(std::string_view one, std::string_view other) {
  return !one.empty() && one.size() == other.size() &&
         CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string network_of(const std::string& address) {
  boost::system::error_code code;
  const auto six = boost::asio::ip::make_address_v6(address, code);
  if (code) return address;
  const auto bytes = six.to_bytes();
  std::string network;
  for (std::size_t i = 0; i < 8; ++i) network += fmt::format("{:02x}", bytes[i]);
  return network + "/64";
}

bool Sessions::expired(const Session& session, Clock::time_point now) const {
  return now - session.used > idle_ || now - session.begun > longest_;
}

void Sessions::make_room(const std::string& name, Clock::time_point now) {
  std::erase_if(sessions_, [&](const auto& entry) { return expired(entry.second, now); });
  const auto end_oldest = [&](const auto& counts) {
    auto oldest = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at)
      if (counts(at->second) && (oldest == sessions_.end() || at->second.used < oldest->second.used))
        oldest = at;
    if (oldest != sessions_.end()) sessions_.erase(oldest);
  };
  const auto is_his = [&](const Session& session) { return session.name == name; };
  const auto his = std::ranges::count_if(sessions_, [&](const auto& entry) { return is_his(entry.second); });
  if (static_cast<std::size_t>(his) >= most_of_one) end_oldest(is_his);
  if (sessions_.size() >= most) end_oldest([](const Session&) { return true; });
}

std::string Sessions::begin(const User& user, Clock::time_point now) {
  make_room(user.name, now);
  std::string cookie = new_secret();
  sessions_[sha256(cookie)] = Session{user.name, user.role, new_secret(), now, now};
  return cookie;
}

const Session* Sessions::find(std::string_view cookie, Clock::time_point now) {
  const auto found = sessions_.find(sha256(cookie));
  if (found == sessions_.end()) return nullptr;
  if (expired(found->second, now)) {
    sessions_.erase(found);
    return nullptr;
  }
  found->second.used = now;
  return &found->second;
}

void Sessions::end(std::string_view cookie) { sessions_.erase(sha256(cookie)); }

void LoginLimits::make_room(Clock::time_point now) {
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.since > window; });
}

LoginLimits::Count& LoginLimits::count(const std::string& key, Clock::time_point now) {
  if (counts_.size() >= most_watched && !counts_.contains(key)) make_room(now);
  const bool room = counts_.size() < most_watched || counts_.contains(key);
  Count& count = counts_[room ? key : std::string()];
  if (count.tries == 0 || now - count.since > window) count = {0, now};
  return count;
}

bool LoginLimits::charge(const std::string& address, const std::string& name, Clock::time_point now) {
  // One after the other: the second may move the first.
  if (count("a " + address, now).tries >= most_of_address) return false;
  if (count("n " + name, now).tries >= most_of_name) return false;
  ++count("a " + address, now).tries;
  ++count("n " + name, now).tries;
  return true;
}

void LoginLimits::give_back(const std::string& address, const std::string& name) {
  for (const std::string& key : {"a " + address, "n " + name})
    if (const auto found = counts_.find(key); found != counts_.end() && found->second.tries > 0)
      if (--found->second.tries == 0) counts_.erase(found);
}

}  // namespace rastel::page
