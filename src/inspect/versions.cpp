// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/versions.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/message_copy.hpp"
#include "edit/written_text.hpp"

namespace rastel::inspect {
namespace {

// Programs understand the message differently: what one of them sees edited another doesn't.
bool is_ambiguous(const Report& report) {
  return std::ranges::any_of(report.flags,
                             [](const Oddity& flag) { return row_of(flag.flag).gravity == Gravity::hard; });
}

std::expected<const EditPlaces*, Refusal> places_in(const Report& report) {
  if (is_ambiguous(report)) return std::unexpected(Refusal::ambiguous);
  if (!report.places) return std::unexpected(Refusal::no_such_place);
  if (report.places->refusal != Refusal::none) return std::unexpected(report.places->refusal);
  return &*report.places;
}

// Stands where the part stood. Its name is the sender's: with the bytes that no line of it can be taken for
// anything else by (edit/written_text.hpp).
std::string removal_text(const Part& part, const Offence& offence, const std::string& id) {
  const std::string& name = part.names.empty() ? part.type : part.names.front();
  const std::string why = offence.finding.empty() ? std::string() : " (" + offence.finding + ")";
  return fmt::format(
      "A part of this message was removed by the mail server.\n"
      "\n"
      "Part:   {}\n"
      "Reason: {}{}\n"
      "Id:     {}\n"
      "\n"
      "The whole message is held there; its administrator finds it by the id.\n",
      name.empty() ? part.path : name, to_string(offence.message_class), why, id);
}

}  // namespace

bool gets_the_message(const Disposition& disposition) {
  return disposition.done == Action::pass || disposition.done == Action::tag ||
         disposition.done == Action::strip;
}

void make_uniform(Verdict& verdict) {
  Action strictest = Action::pass;
  std::map<std::size_t, Offence> offences;  // by part
  for (const Disposition& disposition : verdict.dispositions) {
    if (!gets_the_message(disposition)) continue;
    strictest = std::min(strictest, disposition.done);
    if (disposition.done != Action::strip) continue;
    for (const Offence& offence : disposition.offences) offences.emplace(offence.part, offence);
  }
  std::vector<Offence> all;
  for (auto& [part, offence] : offences) all.push_back(std::move(offence));
  for (Disposition& disposition : verdict.dispositions) {
    if (!gets_the_message(disposition)) continue;
    disposition.done = strictest;
    if (strictest == Action::strip) disposition.offences = all;
  }
}

std::vector<Version> versions_of(const Verdict& verdict, const MessagePointer& original, bool tags) {
  // In the order of the keys: without a part removed, then untagged, first.
  using Key = std::tuple<std::vector<std::size_t>, bool>;
  std::map<Key, Version> by_edits;
  for (const Disposition& disposition : verdict.dispositions) {
    if (!gets_the_message(disposition)) continue;
    const bool stripped = disposition.done == Action::strip;
    std::vector<std::size_t> parts;
    for (const Offence& offence : disposition.offences)
      if (stripped) parts.push_back(offence.part);
    const bool tagged = tags && disposition.done == Action::tag;
    Version& version = by_edits[Key(std::move(parts), tagged)];
    version.message = original;
    version.recipients.push_back(disposition.recipient);
    version.tagged = tagged;
    if (stripped) version.removed = disposition.offences;
  }
  std::vector<Version> versions;
  for (auto& [key, version] : by_edits) versions.push_back(std::move(version));
  return versions;
}

std::expected<std::vector<edit::Splice>, Refusal> removal(const std::vector<Offence>& offences,
                                                          const Report& report, const std::string& id) {
  const auto places = places_in(report);
  if (!places) return std::unexpected(places.error());
  edit::Edits edits(**places);
  for (const Offence& offence : offences) {
    const Part& part = report.parts[offence.part];
    const Refusal refusal = edits.strip(part.path, removal_text(part, offence, id));
    if (refusal != Refusal::none) return std::unexpected(refusal);
  }
  return edits.splices();
}

std::expected<std::vector<edit::Splice>, Refusal> tagging(const TagTexts& texts, const Report& report) {
  const auto places = places_in(report);
  if (!places) return std::unexpected(places.error());
  edit::Edits edits(**places);
  Refusal refusal = Refusal::none;
  bool done = false;
  const auto add = [&](Refusal answer) {
    if (answer == Refusal::none)
      done = true;
    else
      refusal = answer;
  };
  if (!texts.subject.empty()) add(edits.prefix_subject(texts.subject));
  if (!texts.banner.empty()) add(edits.banner(texts.banner, edit::as_html(texts.banner)));
  if (!done) return std::unexpected(refusal);
  return edits.splices();
}

Result<MessagePointer> edited_copy(const Message& original, const std::vector<edit::Splice>& splices,
                                   const std::filesystem::path& spool) {
  if (!edit::fit(splices, original.size()))
    return fail(ErrorKind::invalid_input, "the places of the edits don't lie in the message");
  MessageWriter writer(spool, edit::edited_size(splices, original.size()));
  std::size_t at = 0;
  for (const edit::Splice& splice : splices) {
    RASTEL_CHECK(copy_range(original, {at, splice.where.begin}, writer));
    RASTEL_CHECK(writer.write(splice.replacement));
    at = splice.where.end;
  }
  RASTEL_CHECK(copy_range(original, {at, original.size()}, writer));
  return writer.finish();
}

}  // namespace rastel::inspect
