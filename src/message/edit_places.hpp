// SPDX-License-Identifier: GPL-2.0-only
// Where a message may be edited, by its default reading alone: that of read_message(). Nothing is decoded: of
// a message within a message that is encoded, the whole is a leaf.
//
// Nothing is edited, but fields added, when a hard flag (verdict/ambiguity.hpp) is met in headers,
// descriptions or multiparts; those that only decoding finds are read_message()'s to say, and whoever edits
// asks for both. Protected is all within multipart/signed, multipart/encrypted, application/pkcs7-mime and
// application/pgp-encrypted, and these themselves.
//
// Linear: at most EditLimits::depth looks at a byte. Limits: EditLimits; when one is met, nothing is edited.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/header_block.hpp"
#include "message/multipart.hpp"
#include "verdict/edit_places.hpp"

namespace rastel::message {

struct EditLimits {
  std::size_t depth = 32;
  std::size_t leaves = EditPlaces::most_leaves;
  std::size_t fields = EditPlaces::most_fields;  // ranges of fields and subjects
  HeaderLimits header{};
  MultipartLimits multipart{};
};

// `removable`: names of fields that somebody may want to remove. Those that say how the message is read
// (Content-*, MIME-Version) never are.
[[nodiscard]] EditPlaces edit_places(std::string_view message, const std::vector<std::string>& removable = {},
                                     const EditLimits& limits = {});

}  // namespace rastel::message
