// SPDX-License-Identifier: GPL-2.0-only
// A digest of a text that is the same whatever white space stands between its words and around them.
// libclamav's mail parser ends lines in LF, takes white space off their ends and leaves out empty lines, so
// its layer of a text is rarely our part, byte by byte; what signatures see in it is the same.
#pragma once

#include <string_view>

#include "base/sha256.hpp"

namespace rastel::detect {

// No NUL near its beginning.
[[nodiscard]] bool may_be_text(std::string_view bytes);

// White space: space, TAB, LF, VT, FF, CR. One pass.
[[nodiscard]] Digest digest_of_words(std::string_view text);

}  // namespace rastel::detect
