// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edit/edits.hpp"
#include "edit/written_text.hpp"
#include "message/edit_places.hpp"
#include "message/oddities_for_test.hpp"
#include "message/reader.hpp"

namespace rastel::message {

using edit::edited_size;
using edit::Edits;
using edit::fit;
using edit::for_each_piece;
using edit::Splice;
using edit::spliced;
using edit::with_breaks;

// What the reader says of a message: leaves of the default reading, and flags.
class ReadForTest : public LeafVisitor {
 public:
  explicit ReadForTest(std::string_view message) : result(read_message(message, *this)) {}

  void leaf(const Leaf& leaf) override {
    if (leaf.reading.empty()) leaves.emplace_back(leaf.path, std::string(leaf.bytes));
  }

  [[nodiscard]] std::vector<std::string> flags() const { return codes_for_test(result.oddities); }
  [[nodiscard]] std::string bytes_of(std::string_view path) const {
    const auto found = std::ranges::find(leaves, path, &std::pair<std::string, std::string>::first);
    return found == leaves.end() ? "(no such leaf)" : found->second;
  }

  std::vector<std::pair<std::string, std::string>> leaves;  // path, bytes
  ReadMessage result;                                       // behind what reading fills
};

inline std::string edited_for_test(std::string_view message, const Edits& edits) {
  return spliced(message, edits.splices()).value_or("(splices don't fit)");
}

// `text`, whose lines end by LF, with CRLF.
inline std::string with_crlf_for_test(std::string_view text) { return with_breaks(text, LineBreak::crlf); }

}  // namespace rastel::message
