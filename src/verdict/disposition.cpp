// SPDX-License-Identifier: GPL-2.0-only
#include "verdict/disposition.hpp"

namespace rastel {

std::string_view to_string(MessageClass message_class) {
  switch (message_class) {
    case MessageClass::clean:
      return "clean";
    case MessageClass::infected:
      return "infected";
    case MessageClass::suspicious:
      return "suspicious";
    case MessageClass::banned:
      return "banned";
    case MessageClass::encrypted:
      return "encrypted";
    case MessageClass::ambiguous:
      return "ambiguous";
    case MessageClass::unscanned:
      return "unscanned";
  }
  return "unscanned";
}

std::string_view to_string(Action action) {
  switch (action) {
    case Action::reject:
      return "reject";
    case Action::quarantine:
      return "quarantine";
    case Action::discard:
      return "discard";
    case Action::defer:
      return "defer";
    case Action::strip:
      return "strip";
    case Action::tag:
      return "tag";
    case Action::pass:
      return "pass";
  }
  return "defer";
}

std::string class_with_reason(MessageClass message_class, std::optional<UnscannedReason> reason) {
  std::string text(to_string(message_class));
  if (message_class == MessageClass::unscanned && reason) {
    text += '(';
    text += to_string(*reason);
    text += ')';
  }
  return text;
}

}  // namespace rastel
