// SPDX-License-Identifier: GPL-2.0-only
// A conversation with the machine that must come out the same in whatever pieces its bytes come.
#pragma once

#include <string>
#include <string_view>

#include "protocol/clamd/server_talk_for_test.hpp"
#include "protocol/fragmentation_for_test.hpp"

namespace rastel::clamd::for_test {

// What is answered to `bytes`.
inline std::string said(std::string_view bytes, Talk talk = {}) {
  return rastel::for_test::in_all_pieces(
      bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
}

// What happens meanwhile.
inline std::string events(std::string_view bytes, Talk talk = {}) {
  return rastel::for_test::in_all_pieces(bytes, [&](const rastel::for_test::Pieces& pieces) {
    (void)talk.run(pieces);
    return talk.events();
  });
}

inline Talk ending() {
  Talk talk;
  talk.input_ends = true;
  return talk;
}

}  // namespace rastel::clamd::for_test
