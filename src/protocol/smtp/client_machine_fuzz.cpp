// SPDX-License-Identifier: GPL-2.0-only
// A hostile server. Which answers are seen doesn't depend on the cut; each is a reply that survives being
// formatted and parsed again, within the parser's bounds.
#include <algorithm>
#include <cstdlib>

#include "protocol/pieces_for_test.hpp"
#include "protocol/smtp/client_machine.hpp"
#include "protocol/smtp/ehlo.hpp"

namespace {

using rastel::smtp::Answer;
using rastel::smtp::Awaited;

constexpr std::array<std::string_view, 12> tokens{"220 ",  "250-",       "250 ",         "354 ",
                                                  "421 ",  "554 5.7.1 ", "\r\n",         "\n",
                                                  "SIZE ", "AUTH=PLAIN", "STARTTLS\r\n", "\xe2\x82\xac"};

std::vector<Answer> answers_of(const rastel::for_test::Pieces& pieces, bool& broken) {
  rastel::smtp::ClientMachine machine;
  for (const Awaited what :
       {Awaited::banner, Awaited::hello, Awaited::command, Awaited::command, Awaited::data})
    machine.expect(what);
  machine.expect(Awaited::content, 3);
  std::vector<Answer> answers;
  broken = false;
  for (const std::string_view piece : pieces) {
    machine.receive(piece);
    for (;;) {
      auto answer = machine.next();
      broken = !answer;
      if (broken) return answers;
      if (!*answer) break;
      answers.push_back(std::move(**answer));
    }
  }
  return answers;
}

bool same(const std::vector<Answer>& left, const std::vector<Answer>& right) {
  return std::ranges::equal(left, right, [](const Answer& a, const Answer& b) {
    return a.to == b.to && a.reply == b.reply && a.unexpected == b.unexpected && a.closing == b.closing;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::smtp;
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  bool broken = false;
  bool broken_in_pieces = false;
  const auto answers = answers_of({bytes}, broken);
  for (const std::uint32_t seed : {1U, 2U}) {
    const auto pieces = rastel::for_test::random_pieces(bytes, seed);
    if (!same(answers_of(pieces, broken_in_pieces), answers) || broken != broken_in_pieces) std::abort();
  }
  for (const Answer& answer : answers) {
    if (answer.reply.lines.empty() || answer.reply.lines.size() > ReplyParser::most_lines) std::abort();
    // format() replaces and cuts; what it makes is a reply of the same shape, and stays as it is from then
    // on.
    const std::string text = format(answer.reply);
    std::string_view rest = text;
    ReplyParser parser;
    const auto again = parser.parse(rest);
    if (!again || !*again || !rest.empty()) std::abort();
    if ((*again)->code != answer.reply.code || (*again)->lines.size() != answer.reply.lines.size() ||
        format(**again) != text)
      std::abort();
    const Keywords offered = announce(Keywords::parse(answer.reply), {.size_limit = 1000, .xforward = false});
    for (const auto& [keyword, parameters] : offered.all())
      if (keyword == "STARTTLS" || keyword == "AUTH" || keyword == "BINARYMIME" || keyword == "XFORWARD")
        std::abort();
  }
  return 0;
}
