// SPDX-License-Identifier: GPL-2.0-only
// What a client of clamd's protocol is told of an outcome. It knows three answers: OK, a name FOUND, a reason
// ERROR; so what can't be done (to hold, to strip) is FOUND, and what is to come again is ERROR. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "doors/clamd/options.hpp"
#include "inspect/inspector.hpp"
#include "protocol/clamd/server_machine.hpp"

namespace rastel::doors::clamd {

struct Saying {
  enum class Kind : std::uint8_t { ok, found, error };
  Kind kind = Kind::error;
  std::vector<std::string> names;  // found: at least one, [A-Za-z0-9._-]
  std::string reason;              // error
};

// By policy, or by what clamd would say itself: then policy isn't asked but for its observe mode.
[[nodiscard]] Saying saying_of(const inspect::Outcome& outcome, ClamdFindings findings);

// The answer's lines about `subject` ("stream", a path): one, or with ALLMATCHSCAN one a name.
[[nodiscard]] std::vector<std::string> lines_of(const Saying& saying, std::string_view subject,
                                                rastel::clamd::ScanKind kind);

// What the log and the history are to say was done.
[[nodiscard]] Action done_by(const Saying& saying);

// "DUP_BOUNDARY_PARAM" → "DupBoundaryParam".
[[nodiscard]] std::string in_camel_case(std::string_view code);

}  // namespace rastel::doors::clamd
