// SPDX-License-Identifier: GPL-2.0-only
// What a request of a browser says, beyond the HTTP that Beast reads: path and query, the session's cookie,
// host and origin, and the members of its JSON body. Pure; any thread. All of it is hostile. Limits: 2 KiB of
// target, 16 members of a query, 16 KiB of body with a nesting of 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"

namespace rastel::page {

inline constexpr std::size_t longest_target = 2048;
inline constexpr std::size_t most_query_members = 16;
inline constexpr std::size_t largest_body = 16 * 1024;

// Views are valid as long as the request is.
struct Incoming {
  std::string_view method, target, host, origin, cookie, content_type, token, fetch_site, forwarded_for, body;
  std::string peer;  // the address of who is connected, or "unix"
};

struct Target {
  std::string path;  // decoded; begins with '/'; no control character, no "..", no "//"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order, each name once
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;
};

[[nodiscard]] Result<Target> parse_target(std::string_view target);

// The value of that cookie; empty when it isn't there, or stands there twice (who can set a cookie for a
// neighbouring name could have put a second one there).
[[nodiscard]] std::string_view cookie_named(std::string_view header, std::string_view name);

// A host as it stands in Host, without its port, in small letters; nothing when it is none. "[::1]" keeps its
// brackets.
struct Host {
  std::string name;
  std::string port;  // may be empty
};
[[nodiscard]] std::optional<Host> parse_host(std::string_view text);

// An object; the content type must be application/json, which a form elsewhere can't send.
[[nodiscard]] Result<boost::json::object> parse_body(std::string_view content_type, std::string_view body);

// The last address that X-Forwarded-For names: the one that our own proxy put there.
[[nodiscard]] std::string_view last_forwarded(std::string_view header);

}  // namespace rastel::page
