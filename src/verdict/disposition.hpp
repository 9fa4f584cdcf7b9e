// SPDX-License-Identifier: GPL-2.0-only
// What a report amounts to (class) and what is done for each recipient (Disposition). Plain values, made by
// policy/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verdict/report.hpp"

namespace rastel {

enum class MessageClass : std::uint8_t {
  clean,
  infected,
  suspicious,
  banned,
  encrypted,
  ambiguous,
  unscanned
};

// In the order of strictness, strictest first.
enum class Action : std::uint8_t { reject, quarantine, discard, defer, strip, tag, pass };

// A part that is to be taken out of the message, and why.
struct Offence {
  std::size_t part = 0;  // index into Report::parts
  MessageClass message_class = MessageClass::infected;
  std::string finding = {};
  bool operator==(const Offence&) const = default;
};

struct Disposition {
  std::size_t recipient = 0;  // index into Envelope::recipients
  Action asked = Action::pass;
  Action done = Action::pass;  // differs where the door can't do what was asked, or in observe mode
  bool observed = false;       // mode = "observe": `asked` would have been done
  MessageClass deciding_class = MessageClass::clean;
  std::optional<UnscannedReason> reason;  // when deciding_class is unscanned
  std::string finding;                    // the deciding finding's name; may be empty
  std::vector<Offence> offences = {};     // when done is strip; in the order of the parts
};

// The outcome for a whole message: one entry a recipient, in the envelope's order.
struct Verdict {
  std::vector<Disposition> dispositions;
  MessageClass message_class = MessageClass::clean;  // of the strictest disposition
  std::optional<UnscannedReason> reason;
  std::string finding;
};

[[nodiscard]] std::string_view to_string(MessageClass message_class);
[[nodiscard]] std::string_view to_string(Action action);
// "infected", "unscanned(limit)".
[[nodiscard]] std::string class_with_reason(MessageClass message_class,
                                            std::optional<UnscannedReason> reason);

}  // namespace rastel
