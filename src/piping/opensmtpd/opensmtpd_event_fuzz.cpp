// SPDX-License-Identifier: GPL-2.0-only
// What smtpd may write to a filter, and what isn't its. Whatever comes: an answer is for a session that was
// spoken of and is one line, nothing of a message goes back without a verdict, and no session keeps anything
// when all have ended.
#include <array>
#include <cstdlib>
#include <set>

#include "piping/opensmtpd/sessions.hpp"
#include "protocol/pieces_for_test.hpp"

namespace {

using namespace rastel::piping::opensmtpd;

void check_answers(std::string_view out) {
  while (!out.empty()) {
    const std::size_t end = out.find('\n');
    if (end == std::string_view::npos) std::abort();
    const std::string_view line = out.substr(0, end);
    if (!line.starts_with("filter-dataline|") && !line.starts_with("filter-result|")) std::abort();
    out.remove_prefix(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 18> tokens{"report|0.6|1|smtp-in|",
                                                    "report|0.7|1|smtp-in|",
                                                    "filter|0.6|1|smtp-in|",
                                                    "link-connect|a1|",
                                                    "link-disconnect|a1\n",
                                                    "link-auth|a1|",
                                                    "tx-begin|a1|b\n",
                                                    "tx-mail|a1|b|ok|",
                                                    "tx-rcpt|a1|b|ok|",
                                                    "tx-commit|a1|b|1\n",
                                                    "tx-reset|a1|b\n",
                                                    "data-line|a1|70|",
                                                    "commit|a1|71|\n",
                                                    "data-line|a2|70|",
                                                    ".\n",
                                                    "|pass|[::1]:1|x:25\n",
                                                    "filter|0.6|1|smtp-in|data-line|a1|70|.\n",
                                                    "aaaaaaaaaaaaaaaaaaaaaaaa"};
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  std::vector<Question> asked;
  Sessions sessions({.message = 200, .all = 500, .sessions = 3, .recipients = 3}, [&](Question question) {
    if (question.message.size > 200 || question.request.recipients.size() > 3) std::abort();
    if (asked.size() % 5 == 4) throw std::bad_alloc();
    asked.push_back(std::move(question));
  });
  std::string out;
  std::set<std::string> ids;
  Lines lines;
  for (const std::string_view piece : rastel::for_test::random_pieces(bytes, 1)) {
    lines.receive(piece);
    Lines::Line line;
    while (lines.next(line)) {
      ids.emplace(parse_event(line.text).session);
      out.clear();
      sessions.hear(line, out);
      check_answers(out);
      if (sessions.held_bytes() > 500 || sessions.count() > 3) std::abort();
    }
    if (asked.empty() || piece.size() % 3 == 0) continue;
    Decision decision;
    decision.session = asked.back().session;
    decision.number = asked.back().number;
    if (piece.size() % 2 == 0) decision.refusal = "550 5.7.1 no";
    decision.version.original = std::move(asked.back().message);
    asked.pop_back();
    out.clear();
    sessions.decided(std::move(decision), out);
    while (sessions.handing()) sessions.hand_on(out);
    check_answers(out);
  }
  for (const std::string& id : ids) sessions.hear({"report|0.6|1|smtp-in|link-disconnect|" + id, false}, out);
  if (sessions.count() != 0 || sessions.held_bytes() != 0) std::abort();
  return 0;
}
