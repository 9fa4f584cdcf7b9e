// SPDX-License-Identifier: GPL-2.0-only
// What one client address may have of a door at a time: sessions, and errors a minute (PROTOCOLS X-23).
// Shared by the door's sessions; thread-safe. An IPv6 client is its /64: whoever has one has all of it.
// Bounded: 65,536 addresses are remembered; while it is full, newcomers aren't counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace rastel::doors::smtp {

class ClientLimits {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t most_addresses = 65'536;

  ClientLimits(std::uint32_t most_sessions, std::uint32_t most_errors)
      : most_sessions_(most_sessions), most_errors_(most_errors) {}

  // Whether one more session may begin; each that has is ended by leave().
  [[nodiscard]] bool enter(const std::string& address, Clock::time_point now);
  void leave(const std::string& address, Clock::time_point now);
  void add_errors(const std::string& address, std::uint32_t count, Clock::time_point now);
  [[nodiscard]] bool too_many_errors(const std::string& address, Clock::time_point now);

  [[nodiscard]] std::size_t addresses() const;

 private:
  struct Client {
    std::uint32_t sessions = 0;
    double errors = 0;  // less with time, by most_errors_ a minute
    Clock::time_point at;
  };
  Client* find(const std::string& key, Clock::time_point now);
  Client* find_or_add(const std::string& key, Clock::time_point now);
  void fade(Client& client, Clock::time_point now) const;
  void forget_quiet_ones(Clock::time_point now);

  const std::uint32_t most_sessions_;
  const std::uint32_t most_errors_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Client> clients_;
  std::size_t tidy_at_ = 1024;
  Clock::time_point tidy_from_;
};

}  // namespace rastel::doors::smtp
