// SPDX-License-Identifier: GPL-2.0-only
// Which settings hold for one recipient: [[policy.rule]] over [policy]. Pure.
#pragma once

#include "policy/options.hpp"
#include "verdict/envelope.hpp"

namespace rastel::policy {

// [policy] with every matching rule laid over it: the first that sets something wins. `recipient` may be
// null. A rule with `senders` but neither `clients` nor `authenticated = true` only ever makes an action
// stricter than what would hold without it.
[[nodiscard]] PolicyOptions settings_for(const Envelope& envelope, const Recipient* recipient,
                                         const PolicyOptions& options);

// Whether a message may come to be edited: parts taken out by some rule, or tags that its reader sees.
[[nodiscard]] bool may_edit(const PolicyOptions& options);

[[nodiscard]] Action action_for(UnscannedReason reason, const UnscannedActions& actions);

}  // namespace rastel::policy
