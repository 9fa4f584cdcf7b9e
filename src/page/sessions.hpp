// SPDX-License-Identifier: GPL-2.0-only
// Who is logged in, and who tries too often. In memory only: a restart of the page logs everybody out. One
// thread. At most 256 sessions, 16 a person (his oldest ends); 4,096 addresses and names that are watched,
// all beyond these together as one.
//
// A session is known by a random cookie of 256 bits, of which only the digest is kept, so that looking it up
// tells nothing about it by its time. Each has a second secret, the token that every POST must carry: a page
// elsewhere can send the cookie along but can't read the token.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/sha256.hpp"
#include "page/users.hpp"

namespace rastel::page {

using Clock = std::chrono::steady_clock;

struct Session {
  std::string name;
  Role role = Role::view;
  std::string token;
  Clock::time_point begun, used;
};

class Sessions {
 public:
  static constexpr std::size_t most = 256;
  static constexpr std::size_t most_of_one = 16;

  Sessions(Clock::duration idle, Clock::duration longest) : idle_(idle), longest_(longest) {}
  // The cookie's value; the session is then found by it.
  [[nodiscard]] std::string begin(const User& user, Clock::time_point now);
  // Nothing when there is none or it has expired. Counts as use. Valid until the next call.
  [[nodiscard]] const Session* find(std::string_view cookie, Clock::time_point now);
  void end(std::string_view cookie);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  [[nodiscard]] bool expired(const Session& session, Clock::time_point now) const;
  void make_room(const std::string& name, Clock::time_point now);

  const Clock::duration idle_, longest_;
  std::unordered_map<Digest, Session> sessions_;
};

// Charged before a password is looked at, so that guesses in parallel count; a right one is given back.
class LoginLimits {
 public:
  static constexpr std::uint32_t most_of_address = 10;  // wrong ones within `window`
  static constexpr std::uint32_t most_of_name = 20;     // whoever knows a name can lock it for a while: more
  static constexpr std::chrono::minutes window{5};
  static constexpr std::size_t most_watched = 4096;

  // False: too many; nothing is charged.
  [[nodiscard]] bool charge(const std::string& address, const std::string& name, Clock::time_point now);
  void give_back(const std::string& address, const std::string& name);

 private:
  struct Count {
    std::uint32_t tries = 0;
    Clock::time_point since;
  };
  [[nodiscard]] Count& count(const std::string& key, Clock::time_point now);
  void make_room(Clock::time_point now);
  std::unordered_map<std::string, Count> counts_;
};

// 256 random bits as 64 hexadecimal digits. A system without random numbers is fatal.
[[nodiscard]] std::string new_secret();
[[nodiscard]] bool same_secret(std::string_view one, std::string_view other);

// What is counted together: an IPv4 address, an IPv6 /64 (a household has that many to choose from).
[[nodiscard]] std::string network_of(const std::string& address);

}  // namespace rastel::page
