// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/units.hpp"

namespace rastel {

enum class HttpTls { none, proxy };

struct HttpOptions {
  Endpoint listen;                   // none: no HTTP
  std::string users;                 // a file; empty: no page
  std::string user = "rastel-page";  // whom the page's process runs as when started as root
  std::vector<std::string> hosts;    // empty: the address itself and localhost
  HttpTls tls = HttpTls::none;
  Duration session_idle{std::chrono::minutes(30)};
  Duration session_longest{std::chrono::hours(12)};
};

template <>
struct Names<HttpTls> {
  static constexpr std::array names{std::pair{std::string_view("none"), HttpTls::none},
                                    std::pair{std::string_view("proxy"), HttpTls::proxy}};
};

template <>
struct Rows<HttpOptions> {
  static constexpr std::tuple rows{
      Option{"listen", &HttpOptions::listen,
             "Where /health, /metrics and, with users, the page answer; none: nowhere."},
      Option{"users", &HttpOptions::users,
             "The file of those who may use the page, written by `rastel user`; none: there is no page."},
      Option{"user", &HttpOptions::user,
             "Whom the page's process runs as when Rastel is started as root; not the daemon's user."},
      Option{"hosts", &HttpOptions::hosts,
             "The names by which browsers may call the page, with or without a port; none: the address it "
             "listens on, and localhost."},
      Option{"tls", &HttpOptions::tls,
             "With proxy, a proxy with TLS stands before the page: its X-Forwarded-For is believed, "
             "cookies are Secure. With none, browsers come without TLS, from this machine alone."},
      Option{"session_idle", &HttpOptions::session_idle, Duration(1'000), Duration(86'400'000),
             "After how long without a request one has to log in again."},
      Option{"session_longest", &HttpOptions::session_longest, Duration(1'000), Duration(604'800'000),
             "After how long one has to log in again in any case."}};
};

}  // namespace rastel
