// SPDX-License-Identifier: GPL-2.0-only
// Policy: a pure function, Report + Envelope + options → a Disposition for each recipient. No I/O, no clock.
#pragma once

#include "policy/options.hpp"
#include "verdict/disposition.hpp"
#include "verdict/envelope.hpp"
#include "verdict/report.hpp"

namespace rastel::policy {

// What the caller knows beside the report.
struct Circumstances {
  // The same bytes have timed out or crashed a worker before: the second time takes the quarantine branch.
  bool repeated_failure = false;
  // The recipients of this message were released from the quarantine and pass once, whatever is found.
  bool released = false;
  // The door's fail = "pass", and nothing could be scanned: who would be deferred for that gets it all the
  // same.
  bool pass_unscanned = false;
};

// One disposition a recipient, in the envelope's order; `asked` is policy's, `done` what the place can do of
// it (SURFACE 3, "What a door can't do": reject → quarantine after the queue; a reject for a subset of the
// recipients over one SMTP reply → quarantine for these; any defer → the whole message; strip → quarantine
// where no part is to blame). An empty recipient list gives one disposition judged without recipient rules.
// mode = "observe": `asked` as computed, `done` pass, `observed` where that differs. The verdict's class is
// that of the strictest `asked`.
[[nodiscard]] Verdict judge(const Report& report, const Envelope& envelope, const PolicyOptions& options,
                            const Circumstances& circumstances, bool replies_per_recipient);

}  // namespace rastel::policy
