// SPDX-License-Identifier: GPL-2.0-only
#include "policy/judge.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "policy/classify.hpp"
#include "policy/rules.hpp"

namespace rastel::policy {
namespace {

struct Decision {
  Classified by;
  Action action = Action::pass;
};

Action action_of(const Classified& classified, const PolicyOptions& settings, bool repeated_failure) {
  switch (classified.message_class) {
    case MessageClass::clean:
      return Action::pass;
    case MessageClass::infected:
      return settings.infected;
    case MessageClass::suspicious:
      return settings.suspicious;
    case MessageClass::encrypted:
      return settings.encrypted;
    case MessageClass::banned:
      return classified.in_archive ? settings.banned_in_archives : settings.banned;
    case MessageClass::ambiguous:
      return settings.ambiguous;
    case MessageClass::unscanned:
      break;
  }
  const UnscannedReason reason = classified.reason.value_or(UnscannedReason::engine);
  const Action action = action_for(reason, settings.unscanned);
  const bool by_the_message = reason == UnscannedReason::timeout || reason == UnscannedReason::crash;
  // Deferred again and again it would come back for days, and never a third time is it passed unseen.
  return repeated_failure && by_the_message ? std::min(action, Action::quarantine) : action;
}

// infected decides even in an incomplete scan, and so does banned where it keeps the message from its
// recipient; then unscanned, then the strictest action. A banned name that is only noted must not let pass
// what nobody could look at.
int rank(const Decision& decision) {
  switch (decision.by.message_class) {
    case MessageClass::infected:
      return 0;
    case MessageClass::banned:
      return decision.action <= Action::discard ? 0 : 2;
    case MessageClass::unscanned:
      return 1;
    case MessageClass::suspicious:
    case MessageClass::encrypted:
    case MessageClass::ambiguous:
      return 2;
    case MessageClass::clean:
      return 3;
  }
  return 3;
}

Decision decide(const std::vector<Classified>& classes, const PolicyOptions& settings,
                bool repeated_failure) {
  std::optional<Decision> best;
  for (const Classified& classified : classes) {
    const Decision candidate{classified, action_of(classified, settings, repeated_failure)};
    // Among the reasons of unscanned the first one decides, whatever its action: classify() gives them in
    // their order.
    const auto key = [](const Decision& decision) {
      const bool by_order = decision.by.message_class == MessageClass::unscanned;
      return std::pair(rank(decision), by_order ? Action::reject : decision.action);
    };
    if (!best || key(candidate) < key(*best)) best = candidate;
  }
  return *best;
}

// What the place can still do of it ("What a door can't do is done the nearest safe way").
Action possible(Action asked, Place place, const std::vector<Offence>& offences) {
  // After the queue a refusal would bounce to a forged sender (PROTOCOLS A-40).
  if (asked == Action::reject && place == Place::after_queue) return Action::quarantine;
  // Nothing can be taken out: passed whole it would be what strip is to prevent.
  if (asked == Action::strip && offences.empty()) return Action::quarantine;
  return asked;
}

// The findings of one part, with their kinds.
std::vector<Finding> findings_of(const Part& part, const Report& report) {
  std::vector<Finding> findings;
  for (const Finding& finding : report.findings)
    if (std::ranges::find(part.findings, finding.name) != part.findings.end()) findings.push_back(finding);
  return findings;
}

// The parts that would be kept from the recipient if each came alone.
std::vector<Offence> offences_in(const Report& report, const PolicyOptions& settings) {
  const Banned banned{settings.banned_names, settings.banned_types};
  std::vector<Offence> offences;
  for (std::size_t index = 0; index < report.parts.size(); ++index) {
    Report alone;
    alone.findings = findings_of(report.parts[index], report);
    alone.parts = {report.parts[index]};
    const Decision decision = decide(classify(alone, banned), settings, false);
    if (decision.action <= Action::strip)
      offences.push_back({index, decision.by.message_class, decision.by.finding});
  }
  return offences;
}

Disposition dispose(const Decision& decision, const PolicyOptions& settings,
                    const std::vector<Offence>& offences, std::size_t index, Place place) {
  Disposition disposition;
  disposition.recipient = index;
  disposition.asked = decision.action;
  disposition.done = possible(decision.action, place, offences);
  if (disposition.done == Action::strip) disposition.offences = offences;
  disposition.deciding_class = decision.by.message_class;
  disposition.reason = decision.by.reason;
  disposition.finding = decision.by.finding;
  if (settings.mode == PolicyMode::observe) {
    disposition.done = Action::pass;
    disposition.offences.clear();
    disposition.observed = decision.action != Action::pass;
  }
  return disposition;
}

// One reply for all: any defer defers the whole message; a refusal for some becomes a hold for these.
void reconcile(std::vector<Disposition>& dispositions) {
  const auto done = [](Action action) {
    return [action](const Disposition& disposition) { return disposition.done == action; };
  };
  if (std::ranges::any_of(dispositions, done(Action::defer))) {
    for (Disposition& disposition : dispositions) disposition.done = Action::defer;
    return;
  }
  if (std::ranges::all_of(dispositions, done(Action::reject))) return;
  for (Disposition& disposition : dispositions)
    if (disposition.done == Action::reject) disposition.done = Action::quarantine;
}

}  // namespace

namespace {

// A report with ten thousand names is held against each list of patterns once, not once a recipient.
class Classes {
 public:
  explicit Classes(const Report& report) : report_(report) {}
  const std::vector<Classified>& under(const PolicyOptions& settings) {
    for (const auto& [banned, classes] : known_)
      if (banned.names == settings.banned_names && banned.types == settings.banned_types) return classes;
    Banned banned{settings.banned_names, settings.banned_types};
    std::vector<Classified> classes = classify(report_, banned);
    return known_.emplace_back(std::move(banned), std::move(classes)).second;
  }

 private:
  using Known = std::pair<Banned, std::vector<Classified>>;
  const Report& report_;
  std::vector<Known> known_;
};

// Likewise, of the parts by themselves.
class Offences {
 public:
  explicit Offences(const Report& report) : report_(report) {}
  const std::vector<Offence>& under(const PolicyOptions& settings) {
    for (const auto& [known, offences] : known_)
      if (asks_the_same(known, settings)) return offences;
    return known_.emplace_back(settings, offences_in(report_, settings)).second;
  }

 private:
  // Of what can be found in one part.
  static bool asks_the_same(const PolicyOptions& one, const PolicyOptions& other) {
    const auto asked = [](const PolicyOptions& settings) {
      return std::tuple(settings.infected, settings.suspicious, settings.encrypted, settings.banned,
                        settings.banned_in_archives, settings.unscanned.limit);
    };
    return asked(one) == asked(other) && one.banned_names == other.banned_names &&
           one.banned_types == other.banned_types;
  }

  using Known = std::pair<PolicyOptions, std::vector<Offence>>;
  const Report& report_;
  std::vector<Known> known_;
};

}  // namespace

Verdict judge(const Report& report, const Envelope& envelope, const PolicyOptions& options,
              const Circumstances& circumstances, bool replies_per_recipient) {
  Classes classes(report);
  Offences offences(report);
  const std::vector<Offence> none;
  Verdict verdict;
  const std::size_t count = std::max<std::size_t>(envelope.recipients.size(), 1);
  for (std::size_t i = 0; i < count; ++i) {
    const Recipient* recipient = i < envelope.recipients.size() ? &envelope.recipients[i] : nullptr;
    const PolicyOptions settings = settings_for(envelope, recipient, options);
    Decision decision = decide(classes.under(settings), settings, circumstances.repeated_failure);
    if (circumstances.released) decision.action = Action::pass;
    const auto& parts = decision.action == Action::strip ? offences.under(settings) : none;
    verdict.dispositions.push_back(dispose(decision, settings, parts, i, envelope.place));
    Disposition& disposition = verdict.dispositions.back();
    if (circumstances.pass_unscanned && disposition.deciding_class == MessageClass::unscanned &&
        disposition.done == Action::defer)
      disposition.done = Action::pass;
  }
  if (!replies_per_recipient) reconcile(verdict.dispositions);
  // By what was asked: in observe mode, and where the whole message is deferred, `done` is the same for all.
  const Disposition& strictest = *std::ranges::min_element(verdict.dispositions, {}, &Disposition::asked);
  verdict.message_class = strictest.deciding_class;
  verdict.reason = strictest.reason;
  verdict.finding = strictest.finding;
  return verdict;
}

}  // namespace rastel::policy
