// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/message_log.hpp"

#include <map>

#include <fmt/format.h>

#include "base/log.hpp"

namespace rastel::inspect {
namespace {

std::string action_text(const Disposition& disposition) {
  std::string text(to_string(disposition.asked));
  if (disposition.asked != disposition.done) {
    text += '>';
    text += to_string(disposition.done);
  }
  return text;
}

std::string client_text(const Client& client) {
  return fmt::format("{}[{}]", client.name.empty() ? "unknown" : client.name, client.address);
}

// Whole milliseconds, as log and history have them.
std::uint32_t milliseconds(std::chrono::microseconds spent) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(spent).count());
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

// What was taken out, as its reader knows it.
std::string removed_text(const std::vector<Offence>& offences, const Report& report) {
  std::string text;
  for (const Offence& offence : offences) {
    const Part& part = report.parts[offence.part];
    if (!text.empty()) text += ',';
    text += part.names.empty() ? part.path : part.names.front();
  }
  return text;
}

std::string findings_text(const Report& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    if (!text.empty()) text += ',';
    text += finding.name;
  }
  return text;
}

struct Group {
  const Disposition* disposition = nullptr;
  std::string recipients, bracketed;  // for the history, for the log
};

// Recipients with the same action and class share a line.
std::vector<Group> groups(const Subject& subject, const Outcome& outcome) {
  std::map<std::string, Group> by_action;
  for (const Disposition& disposition : outcome.verdict.dispositions) {
    Group& group = by_action[action_text(disposition) +
                             class_with_reason(disposition.deciding_class, disposition.reason) +
                             (disposition.observed ? "o" : "")];
    if (group.disposition == nullptr) group.disposition = &disposition;
    if (disposition.recipient >= subject.envelope.recipients.size()) continue;
    const std::string& address = subject.envelope.recipients[disposition.recipient].address;
    for (auto* list : {&group.recipients, &group.bracketed})
      if (!list->empty()) *list += ',';
    group.recipients += address;
    group.bracketed += '<' + address + '>';
  }
  std::vector<Group> all;
  for (auto& [key, group] : by_action) all.push_back(std::move(group));
  return all;
}

}  // namespace

void tell(const Subject& subject, const Outcome& outcome, const Story& story, store::History& history,
          Counters& counters) {
  if (!outcome.released) counters.scanned(story.scan);
  const Envelope& envelope = subject.envelope;
  for (const Group& group : groups(subject, outcome)) {
    const Disposition& disposition = *group.disposition;
    counters.count(envelope.door, disposition.deciding_class, disposition.done);
    const std::string what = class_with_reason(disposition.deciding_class, disposition.reason);
    const std::string finding =
        disposition.finding.empty() ? findings_text(outcome.report) : disposition.finding;
    std::string action = action_text(disposition);
    using log::Field;
    std::vector<Field> fields{{"door", envelope.door},
                              {"client", client_text(envelope.client)},
                              {"auth", or_dash(envelope.client.authenticated_user)},
                              {"tls", or_dash(envelope.client.tls_version)},
                              {"from", '<' + envelope.reverse_path + '>'},
                              {"to", or_dash(group.bracketed)},
                              {"msgid", or_dash(subject.message_id)},
                              {"queue", or_dash(envelope.queue_id)},
                              {"size", std::to_string(subject.message->size()), Field::Kind::number},
                              {"class", what},
                              {"finding", or_dash(finding), Field::Kind::quoted},
                              {"action", action},
                              {"reply", story.reply, Field::Kind::quoted},
                              {"next", or_dash(story.next_hop)},
                              {"next_reply", or_dash(story.next_reply), Field::Kind::quoted},
                              {"ms", fmt::format("{}/{}/{}", milliseconds(story.receive),
                                                 milliseconds(story.scan), milliseconds(story.forward))}};
    if (disposition.done == Action::strip)
      fields.push_back({"removed", removed_text(disposition.offences, outcome.report), Field::Kind::quoted});
    if (disposition.observed) fields.push_back({"mode", "observe"});
    if (outcome.released) fields.push_back({"released", "yes"});
    if (!story.note.empty()) fields.push_back({"note", story.note, Field::Kind::quoted});
    log::fields(subject.id, fields);

    store::HistoryRow row;
    row.id = subject.id;
    row.when = std::chrono::system_clock::now();
    row.door = envelope.door;
    row.client = client_text(envelope.client);
    row.authenticated_user = envelope.client.authenticated_user;
    row.sender = envelope.reverse_path;
    row.recipients = group.recipients;
    row.message_id = subject.message_id;
    row.queue_id = envelope.queue_id;
    row.size = subject.message->size();
    row.message_class = what;
    row.finding = finding;
    row.action = std::move(action);
    row.reply = story.reply;
    row.next_hop = story.next_hop;
    row.next_reply = story.next_reply;
    row.receive_ms = milliseconds(story.receive);
    row.scan_ms = milliseconds(story.scan);
    row.next_hop_ms = milliseconds(story.forward);
    row.observed = disposition.observed;
    history.append(std::move(row));
  }
}

}  // namespace rastel::inspect
