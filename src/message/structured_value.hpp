// SPDX-License-Identifier: GPL-2.0-only
// The value of a Content-Type, Content-Disposition or Content-Transfer-Encoding field: a word and parameters
// (RFC 2045 5.1). Read by the grammar, which is the default reading, with what breaks the grammar read as
// most programs do; other readings of a boundary or a file name are made by those who want them.
//
// Linear in the size of the value, whatever is in it. Limits: `most_parameters`, behind which none is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct Parameter {
  std::string name;   // in lower case; RFC 2231's asterisks are in it
  std::string value;  // without quotes, quoted pairs undone
};

struct StructuredValue {
  std::string word;  // in lower case, without comments and white space: "multipart/mixed", "base64"
  std::vector<Parameter> parameters;  // in their order, each instance
  Oddities oddities;                  // places in the unfolded value

  static constexpr std::size_t most_parameters = 1000;

  // The first instance's value; null: none.
  [[nodiscard]] const std::string* find(std::string_view name) const;
};

// Line breaks before white space are taken out, the white space stays (RFC 5322 2.2.3).
[[nodiscard]] std::string unfold(std::string_view value);

// Comments (RFC 5322 3.2.2) outside of quoted strings; an unclosed one stays.
[[nodiscard]] std::string without_comments(std::string_view unfolded);

[[nodiscard]] StructuredValue read_structured_value(std::string_view unfolded);

}  // namespace rastel::message
