// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/options.hpp"
#include "base/units.hpp"

namespace rastel {

struct HttpOptions {
  Endpoint listen;  // none: no HTTP
};

template <>
struct Rows<HttpOptions> {
  static constexpr std::tuple rows{
      Option{"listen", &HttpOptions::listen, "Where /health and /metrics answer; none: nowhere."}};
};

}  // namespace rastel
