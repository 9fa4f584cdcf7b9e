// SPDX-License-Identifier: GPL-2.0-only
// Changes of a message's header as the mail server is asked for them (PROTOCOLS B-11, B-13). Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/milter/flags.hpp"

namespace rastel::milter {

struct HeaderEdit {
  enum class Kind : std::uint8_t {
    change,  // the index-th field of this name, counted from 1 as the fields came (0 is 1); beyond: adds it
    remove,  // the same, taken out
    insert,  // so that `index` fields are above it, 0: on top of the mail server's own Received. Sendmail
             // counts fields that it hides and fields that were removed
    append,  // at the end: an insert far below
    add,     // at the end, but Sendmail may put it where a removed field of this name was
  };
  Kind kind = Kind::append;
  std::uint32_t index = 0;
  std::string name;
  // Of any form of line ends; what follows one and isn't white space would be a field of its own, so it gets
  // a TAB. Lines of 998 octets or more are folded at white space.
  std::string value;
};

// What must have been granted for it.
[[nodiscard]] Flags needed_action(HeaderEdit::Kind kind);

// Who keeps the space behind the colon: the mail server eats one and writes one, or it is part of the value
// (step::leading_space).
enum class LeadingSpace : std::uint8_t { eaten, kept };

// Appended to `out`, a packet each: changes and removals from the highest index to the lowest, since Postfix
// counts anew after each; then what is added, in the order given. An insert goes above those before it of the
// same index. False, and nothing appended: a name or value that can't be said.
[[nodiscard]] bool append_edits(std::string& out, const std::vector<HeaderEdit>& edits, LeadingSpace space);

// The value as it goes over the wire: LF and white space for folding, no CR, no NUL. nullopt: a line is too
// long and can't be folded. `first`: octets of the name and colon, which share the first line.
[[nodiscard]] std::optional<std::string> folded(std::string_view value, std::size_t first);

}  // namespace rastel::milter
