// SPDX-License-Identifier: GPL-2.0-only
// What the header of an entity says of its body (RFC 2045): by the default reading, and by every other one.
// The fields of both of a header's lists are taken together: which of two Content-Types goes with which of
// two encodings is a doubt of its own that nobody needs to solve, as all are tried.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/file_names.hpp"
#include "message/header_block.hpp"
#include "message/transfer_encoding.hpp"

namespace rastel::message {

// What a piece of a message says of itself (RFC 2046 5.2.2): partial.hpp puts them together.
struct PartialPiece {
  std::string id = {};  // of the whole
  std::size_t number = 0;
  std::optional<std::size_t> total = {};
  std::string header = {};  // of the first piece: what goes from the message around it into the whole
};

struct Description {
  std::string type = {};                     // of the default reading, in lower case; by default text/plain
  bool is_multipart = false;                 // to the default reading
  bool may_be_multipart = false;             // to somebody
  bool may_be_message = false;               // message/rfc822, message/global, …: to somebody
  std::vector<std::string> boundaries = {};  // boundary.hpp; the default reading's first
  std::vector<TransferEncoding> encodings = {};  // at least one; the default reading's first
  bool is_packed = false;                        // by gzip or the like, before it was encoded
  std::optional<PartialPiece> partial = {};
  FileNames names = {};
  Oddities oddities = {};  // places in the entity
  bool cut = false;        // it says more than we look at
};

// `default_type`: of an entity without a Content-Type (RFC 2046 5.1.5).
[[nodiscard]] Description describe(std::string_view entity, const HeaderBlock& header,
                                   std::string_view default_type);

}  // namespace rastel::message
