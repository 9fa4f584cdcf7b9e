// SPDX-License-Identifier: GPL-2.0-only
// The page without sockets: a request in, what is to be done out. Every rule about who may do what stands
// here: host, origin, session, token, role, confirmation. One thread.
//
// What is asked of the daemon is made here from checked values; what a browser sent goes there only as a
// value of a known member.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "page/assets.hpp"
#include "page/request.hpp"
#include "page/sessions.hpp"
#include "page/users.hpp"

namespace rastel::page {

struct Settings {
  std::vector<std::string> hosts;  // by which we may be called, in small letters; "name" or "name:port"
  enum class Tls { none, by_proxy } tls = Tls::none;
  Clock::duration idle = std::chrono::minutes(30);
  Clock::duration longest = std::chrono::hours(12);
};

struct Answer {
  unsigned status = 200;
  std::string_view type = "application/json";
  std::string body;
  std::string set_cookie;         // the header's whole value; empty: none
  std::string_view allow;         // for 405
  std::uint32_t retry_after = 0;  // seconds; 0: none
};

// The password has to be checked, which takes long: elsewhere. Then finish_login().
struct LoginCheck {
  std::string name, password, hash, address;
};

// To be asked of the daemon.
struct Question {
  boost::json::object request;
  enum class Kind { object, rows, raw, health, metrics, change } kind = Kind::object;
  std::string id;    // of the message, where there is one
  std::string what;  // for the log, of a change: "release of 3f9a… by alice"
};

using Decision = std::variant<Answer, LoginCheck, Question>;

class Site {
 public:
  // `assets` outlive the site.
  Site(Settings settings, Users users, std::span<const Asset> assets);

  [[nodiscard]] Decision decide(const Incoming& incoming, Clock::time_point now);
  [[nodiscard]] Answer finish_login(const LoginCheck& check, bool matches, Clock::time_point now);

  static constexpr std::size_t most_rows = 500;

 private:
  struct Route;
  struct Call;
  [[nodiscard]] Decision call(Call& call);
  [[nodiscard]] std::optional<Answer> refusal(const Call& call) const;
  [[nodiscard]] bool host_is_ours(std::string_view host) const;
  [[nodiscard]] bool origin_is_ours(const Incoming& incoming) const;
  [[nodiscard]] Decision login(const Call& call);
  [[nodiscard]] Decision logout(const Call& call);
  [[nodiscard]] Decision session(const Call& call) const;
  [[nodiscard]] Decision status(const Call& call) const;
  [[nodiscard]] Decision history(const Call& call) const;
  [[nodiscard]] Decision held(const Call& call) const;
  [[nodiscard]] Decision message(const Call& call) const;
  [[nodiscard]] Decision raw(const Call& call) const;
  [[nodiscard]] Decision release(const Call& call) const;
  [[nodiscard]] Decision remove(const Call& call) const;
  [[nodiscard]] Decision asset(std::string_view path) const;
  [[nodiscard]] std::string cookie(std::string_view value, Clock::duration age) const;

  const Settings settings_;
  const Users users_;
  const std::span<const Asset> assets_;
  std::string nobodys_hash_;  // what the password of a name that isn't there is compared with
  Sessions sessions_;
  LoginLimits limits_;
};

[[nodiscard]] Answer error_answer(unsigned status, std::string_view what);

}  // namespace rastel::page
