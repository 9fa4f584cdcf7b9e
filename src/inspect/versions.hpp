// SPDX-License-Identifier: GPL-2.0-only
// What goes on to whom: the message as it came, or a copy of it that was edited (parts taken out, a mark in
// the subject, a banner in the text). Where it may be edited a worker has said (Report::places); the original
// is the store's.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "base/message.hpp"
#include "edit/edits.hpp"
#include "verdict/disposition.hpp"
#include "verdict/report.hpp"

namespace rastel::inspect {

struct Version {
  MessagePointer message;
  std::vector<std::size_t> recipients;  // indexes into Envelope::recipients, ascending
  std::vector<Offence> removed = {};    // taken out of it
  bool tagged = false;                  // marked, or with a banner
};

// What tagged mail shows to its reader; an empty text: nothing.
struct TagTexts {
  std::string subject, banner;
  [[nodiscard]] bool empty() const { return subject.empty() && banner.empty(); }
};

// Whether the recipient gets it, in whatever version.
[[nodiscard]] bool gets_the_message(const Disposition& disposition);

// For doors that hand on one message to all who get it: of what differs between them the strictest is done
// for all (strip before tag before pass), and parts to be taken out for one are taken out for all.
void make_uniform(Verdict& verdict);

// Those who get the message, by what is to be done to it; `message` is the original in each. The unedited one
// comes first: what is handed on last can still be held for its recipients. `tags`: tagged mail is edited.
[[nodiscard]] std::vector<Version> versions_of(const Verdict& verdict, const MessagePointer& original,
                                               bool tags);

// What makes the version of the original. The error: why it isn't edited; nothing then is.
[[nodiscard]] std::expected<std::vector<edit::Splice>, Refusal> removal(const std::vector<Offence>& offences,
                                                                        const Report& report,
                                                                        const std::string& id);
// Of mark and banner what is possible; the error: neither is.
[[nodiscard]] std::expected<std::vector<edit::Splice>, Refusal> tagging(const TagTexts& texts,
                                                                        const Report& report);

// A new message; what no splice names is byte-identical. Blocks on the disk. invalid_input: the splices
// don't lie in the message.
[[nodiscard]] Result<MessagePointer> edited_copy(const Message& original,
                                                 const std::vector<edit::Splice>& splices,
                                                 const std::filesystem::path& spool);

}  // namespace rastel::inspect
