// SPDX-License-Identifier: GPL-2.0-only
// What a mail server is asked for so that its message becomes an edited one: changes of header fields, and a
// new body where it differs. Compared are bytes, line by line of the header: what is untouched isn't named.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/message.hpp"
#include "protocol/milter/header_edit.hpp"

namespace rastel::doors::milter {

struct Changes {
  std::vector<rastel::milter::HeaderEdit> headers;
  std::optional<std::uint64_t> body;  // where the new one begins in the edited message
};

// Fields counted by name from 1, as the mail server has them. The first field of both is received.hpp's,
// which the mail server doesn't know; new fields go to the end of the header. Of a name that can't be said in
// the protocol there is no change. Pure.
[[nodiscard]] std::vector<rastel::milter::HeaderEdit> header_changes(std::string_view original,
                                                                     std::string_view edited,
                                                                     rastel::milter::LeadingSpace space);

// Blocks on the disk. Headers are as long as the machine's limit lets them be.
[[nodiscard]] Result<Changes> changes_between(const Message& original, const Message& edited,
                                              rastel::milter::LeadingSpace space);

}  // namespace rastel::doors::milter
