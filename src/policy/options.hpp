// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/units.hpp"
#include "verdict/disposition.hpp"
#include "verdict/envelope.hpp"

namespace rastel {

enum class PolicyMode { enforce, observe };

struct UnscannedActions {
  Action engine = Action::defer;
  Action timeout = Action::defer;
  Action crash = Action::defer;
  Action memory = Action::quarantine;
  Action limit = Action::quarantine;
  Action format = Action::quarantine;
  Action truncated = Action::defer;
};

struct UnscannedRule {  // what a rule doesn't set falls through
  std::optional<Action> engine, timeout, crash, memory, limit, format, truncated;
};

// First match wins, setting by setting: what a matching rule doesn't set is taken from the next matching one,
// then from [policy]. All conditions that are given must hold; an empty list is no condition. recipients:
// "user@example.com",
// "@example.com", "example.com". clients: networks of Envelope::client.address.
struct PolicyRule {
  std::vector<std::string> recipients;
  std::vector<std::string>
      senders;  // never loosens anything alone (forgeable): only with clients or authenticated
  std::vector<Network> clients;
  std::optional<bool> authenticated;
  std::optional<Direction> direction;
  std::vector<std::string> doors;
  std::optional<PolicyMode> mode;
  std::optional<Action> infected, suspicious, banned, banned_in_archives, encrypted, ambiguous;
  UnscannedRule unscanned;
  std::optional<std::vector<std::string>> banned_names, banned_types;
};

struct PolicyOptions {
  PolicyMode mode = PolicyMode::enforce;
  Action infected = Action::reject;
  Action suspicious = Action::quarantine;
  Action banned = Action::reject;
  Action banned_in_archives = Action::tag;
  Action encrypted = Action::tag;
  Action ambiguous = Action::quarantine;
  UnscannedActions unscanned;
  // What a double click runs, and what hides it from its system's warnings.
  std::vector<std::string> banned_names{
      "*.exe", "*.com", "*.scr", "*.pif", "*.cpl", "*.bat", "*.cmd", "*.ps1", "*.vbs", "*.vbe", "*.js",
      "*.jse", "*.wsf", "*.hta", "*.lnk", "*.msi", "*.jar", "*.chm", "*.xll", "*.iso", "*.img", "*.vhd"};
  std::vector<std::string> banned_types{"application/x-dosexec"};
  std::string tag_subject = {};   // UTF-8, empty: none
  std::string tag_banner = {};    // likewise
  std::vector<PolicyRule> rules;  // [[policy.rule]]
};

template <>
struct Names<Action> {
  static constexpr std::array names{std::pair{std::string_view("pass"), Action::pass},
                                    std::pair{std::string_view("tag"), Action::tag},
                                    std::pair{std::string_view("strip"), Action::strip},
                                    std::pair{std::string_view("quarantine"), Action::quarantine},
                                    std::pair{std::string_view("reject"), Action::reject},
                                    std::pair{std::string_view("defer"), Action::defer},
                                    std::pair{std::string_view("discard"), Action::discard}};
};
template <>
struct Names<PolicyMode> {
  static constexpr std::array names{std::pair{std::string_view("enforce"), PolicyMode::enforce},
                                    std::pair{std::string_view("observe"), PolicyMode::observe}};
};
template <>
struct Names<Direction> {
  static constexpr std::array names{std::pair{std::string_view("inbound"), Direction::inbound},
                                    std::pair{std::string_view("outbound"), Direction::outbound},
                                    std::pair{std::string_view("internal"), Direction::internal}};
};
#define RASTEL_UNSCANNED_ROWS(type)                                                                          \
  Option{"engine", &type::engine, "The scanner is broken or away."},                                         \
      Option{"timeout", &type::timeout, "It took too long; the second time of the same bytes: quarantine."}, \
      Option{"crash", &type::crash,                                                                          \
             "The scanner died on it; the second time of the same bytes: quarantine."},                      \
      Option{"memory", &type::memory, "The scanner ran out of memory."},                                     \
      Option{"limit", &type::limit, "Too large, too deep or too many to look at all of it."},                \
      Option{"format", &type::format, "A container that can't be opened (RAR)."},                            \
      Option{"truncated", &type::truncated, "Not all of the message was there."}
template <>
struct Rows<UnscannedActions> {
  static constexpr std::tuple rows{RASTEL_UNSCANNED_ROWS(UnscannedActions)};
};
template <>
struct Rows<UnscannedRule> {
  static constexpr std::tuple rows{RASTEL_UNSCANNED_ROWS(UnscannedRule)};
};
#undef RASTEL_UNSCANNED_ROWS
template <>
struct Rows<PolicyRule> {
  static constexpr std::tuple rows{
      Option{"recipients", &PolicyRule::recipients,
             "Only for these: an address, or a domain with or without @."},
      Option{"senders", &PolicyRule::senders,
             "Only from these; forgeable, so it never loosens anything unless clients or authenticated is "
             "given too."},
      Option{"clients", &PolicyRule::clients, "Only from these networks."},
      Option{"authenticated", &PolicyRule::authenticated,
             "Only when the client has (true) or has not (false) logged in."},
      Option{"direction", &PolicyRule::direction, "Only inbound, outbound or internal mail."},
      Option{"doors", &PolicyRule::doors, "Only mail of these doors."},
      Option{"mode", &PolicyRule::mode, "enforce or observe for what matches."},
      Option{"infected", &PolicyRule::infected, "What is done with infected mail."},
      Option{"suspicious", &PolicyRule::suspicious, "What is done with suspicious mail."},
      Option{"banned", &PolicyRule::banned, "What is done with mail that has a banned part."},
      Option{"banned_in_archives", &PolicyRule::banned_in_archives,
             "What is done with mail that has a banned name in an archive."},
      Option{"encrypted", &PolicyRule::encrypted, "What is done with encrypted mail."},
      Option{"ambiguous", &PolicyRule::ambiguous, "What is done with ambiguous mail."},
      Option{"unscanned", &PolicyRule::unscanned,
             "What is done with mail that could not be scanned, by reason."},
      Option{"banned_names", &PolicyRule::banned_names, "In place of [policy] banned_names."},
      Option{"banned_types", &PolicyRule::banned_types, "In place of [policy] banned_types."}};
};
template <>
struct Rows<PolicyOptions> {
  static constexpr std::tuple rows{
      Option{"mode", &PolicyOptions::mode,
             "observe: pass everything, and say in log, history and header what would have happened."},
      Option{"infected", &PolicyOptions::infected, "A signature matched."},
      Option{"suspicious", &PolicyOptions::suspicious,
             "A heuristic that [engine].heuristics calls suspicious."},
      Option{"banned", &PolicyOptions::banned, "A part has a banned name or type."},
      Option{"banned_in_archives", &PolicyOptions::banned_in_archives,
             "A banned name stands in an archive, among the names of what is packed in it."},
      Option{"encrypted", &PolicyOptions::encrypted,
             "An archive or document that needs a password, an S/MIME or OpenPGP message that needs a key."},
      Option{"ambiguous", &PolicyOptions::ambiguous,
             "Programs understand the message differently, in a way that no honest one writes."},
      Option{"unscanned", &PolicyOptions::unscanned, "Nobody can say that it was looked at, by reason."},
      Option{"banned_names", &PolicyOptions::banned_names,
             "File names as patterns (* and ?), in either case of letters; every name that some program may "
             "save the part under is tried."},
      Option{"banned_types", &PolicyOptions::banned_types,
             "Media types as patterns, of what a part truly is by its content."},
      Option{"tag_subject", &PolicyOptions::tag_subject,
             "Put before the subject of mail that is tagged, at most 200 bytes; it breaks a DKIM signature. "
             "Empty: nothing."},
      Option{"tag_banner", &PolicyOptions::tag_banner,
             "A sentence put above the text of mail that is tagged, unless the text is signed or encrypted. "
             "Empty: none."},
      Option{"rule", &PolicyOptions::rules,
             "Exceptions; the first that matches decides, setting by setting."}};
};

}  // namespace rastel
