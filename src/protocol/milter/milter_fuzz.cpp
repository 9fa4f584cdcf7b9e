// SPDX-License-Identifier: GPL-2.0-only
// A hostile mail server, as raw bytes or as packets of any content, before a door that answers each event by
// a rule. What becomes of it must not depend on how the bytes were cut; what is sent must be packets that
// were due: one answer a step, nothing to a silent one, changes only before the final answer.
#include <array>
#include <cstdlib>

#include "protocol/milter/filter_talk_for_test.hpp"
#include "protocol/milter/message_rebuilder.hpp"

namespace {

using namespace rastel::milter;
using namespace std::string_view_literals;

constexpr char end_of_packet = '\xff';

constexpr std::array tokens{
    "Cmx\0"
    "4\0\x19"
    "192.0.2.4\0\xff"sv,
    "C[x]\0"
    "6\0\x19IPv6:::1\0\xff"sv,
    "Cx\0U\xff"sv,
    "Cx\0L\0\0/x\0\xff"sv,
    "Hx\0\xff"sv,
    "M<a@b>\0SIZE=1\0\xff"sv,
    "R<c@d>\0\xff"sv,
    "T\xff"sv,
    "LSubject\0 x\n y\0\xff"sv,
    "N\xff"sv,
    "Bbody\r\n\xff"sv,
    "E\xff"sv,
    "Etail\xff"sv,
    "A\xff"sv,
    "Q\xff"sv,
    "K\xff"sv,
    "Ufoo\0\xff"sv,
    "DRi\0x\0\xff"sv,
    "DR{rcpt_mailer}\0error\0\xff"sv,
    "DMi\0x\0\xff"sv,
    "\0\0\0"sv,
    "\0"sv,
    "\0\0\0\xd"
    "O\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"sv,
};

// Packets of what ends in 0xff.
std::string framed(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const std::string_view one = bytes.substr(0, bytes.find(end_of_packet));
    bytes.remove_prefix(std::min(one.size() + 1, bytes.size()));
    if (!one.empty()) append_packet(out, one[0], one.substr(1));
  }
  return out;
}

// All that a door can say at the end of a message, chosen by `choice`; what of it may be said is the
// machine's.
void change_all(FilterMachine& machine, std::uint8_t choice, std::string_view text) {
  const std::string value(text.substr(0, 200));
  (void)machine.progress();
  if ((choice & 1U) != 0)
    (void)machine.change_headers({{HeaderEdit::Kind::append, 0, "X-A", value},
                                  {HeaderEdit::Kind::remove, 2, "Subject", ""},
                                  {HeaderEdit::Kind::insert, 0, "X-B", value}});
  if ((choice & 2U) != 0) (void)machine.remove_recipient("<c@d>");
  if ((choice & 4U) != 0) (void)machine.add_recipient(value, choice % 3 == 0 ? value : std::string());
  if ((choice & 8U) != 0) (void)machine.replace_body(text);
  (void)machine.progress();
  if ((choice & 16U) != 0) (void)machine.quarantine(value);
}

// Answers by the number of the event.
void answer(FilterMachine& machine, std::string_view event, unsigned number, std::uint8_t choice) {
  const bool due = machine.answer_due();
  if (event == "end of message") change_all(machine, choice, event);
  constexpr std::array verdicts{Verdict::accept, Verdict::discard, Verdict::reject, Verdict::tempfail,
                                Verdict::skip};
  const unsigned which = (number * 7 + choice) % 12;
  Said said = Said::not_due;
  if (which < verdicts.size())
    said = machine.answer(verdicts[which]);
  else if (which == verdicts.size())
    said = machine.answer(ReplyCode{554, "5.7.1", {std::string(event)}});
  if (said == Said::said && !due) std::abort();
  machine.go_on();
  if (machine.answer_due()) std::abort();
}

// Of what is sent for one event: nothing where no answer was due, else changes and one answer at the end.
void check_output(std::string_view sent, bool due) {
  std::size_t answers = 0;
  PacketDecoder decoder;
  decoder.receive(sent);
  while (!decoder.empty()) {
    const auto packet = decoder.peek({.body = chunk_1m, .other = chunk_1m});
    if (!packet || !*packet || answers > 0) std::abort();
    if ("acdrstyO"sv.find((*packet)->command) != std::string_view::npos) ++answers;
    if ((*packet)->command == 'y' && (*packet)->data.find('\0') != (*packet)->data.size() - 1) std::abort();
    decoder.take();
  }
  if (answers != (due ? 1U : 0U)) std::abort();
}

// No text within a value may become a line of its own.
void check_header(const event::Header& header) {
  std::string out;
  const auto space = LeadingSpace::kept;
  if (!append_edits(out, {{HeaderEdit::Kind::append, 0, header.name, header.value}}, space)) return;
  constexpr std::size_t before_name = 9;  // length, command and index
  for (std::size_t at = before_name; at < out.size(); ++at) {
    if (out[at] == '\r') std::abort();
    if (out[at] == '\n' && out[at + 1] != ' ' && out[at + 1] != '\t') std::abort();
  }
}

void check_alone(const FilterOptions& options, std::string_view bytes, std::uint8_t choice) {
  FilterMachine machine(options);
  machine.receive(bytes);
  unsigned number = 0;
  bool message = false;
  while (auto event = machine.next()) {
    const bool due = machine.answer_due();
    const bool negotiated = std::holds_alternative<event::Negotiated>(*event);
    // A message that has begun is answered or given up before another begins.
    if (std::holds_alternative<event::Mail>(*event) && message) std::abort();
    if (const auto* header = std::get_if<event::Header>(&*event)) check_header(*header);
    if (!negotiated) {
      const std::string earlier = machine.take_output();  // "continue" for what was left out
      if (earlier.find_first_not_of(std::string_view("\0\1c", 3)) != std::string::npos) std::abort();
    }
    answer(machine, std::holds_alternative<event::EndOfMessage>(*event) ? "end of message" : "%\r\n",
           ++number, choice);
    check_output(machine.take_output(), due || negotiated);
    message = machine.in_message();
  }
  if (machine.held_for_test() > 4 * bytes.size() + 1024) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1024) return 0;
  const std::uint8_t choice = data[0];
  const std::uint8_t how = data[1];
  std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data) + 2, size - 2}, tokens);
  if ((how & 1U) != 0) bytes = for_test::offer() + framed(bytes);

  for_test::Talk talk;
  talk.options.longest_packet = 4096;
  talk.options.longest_command = 256;
  talk.options.most_recipients = 3;
  talk.options.most_headers = 4;
  if ((how & 2U) != 0) talk.options.steps |= step::silent_mail | step::silent_rcpt | step::silent_header;
  if ((how & 4U) != 0) talk.options.steps |= step::silent_body | step::no_data | step::no_mail;
  if ((how & 8U) != 0) talk.options.macros = {{Stage::mail, {"i", "mail_addr"}}};
  talk.closes = (how & 16U) != 0;
  unsigned number = 0;
  talk.answer = [&](FilterMachine& machine, std::string_view event) {
    answer(machine, event, ++number, choice);
  };
  const auto run = [&](const rastel::for_test::Pieces& pieces) {
    number = 0;
    return talk.run(pieces);
  };
  const std::string whole = run({bytes});
  for (const std::uint32_t seed : {1U, 2U})
    if (run(rastel::for_test::random_pieces(bytes, seed + choice)) != whole) std::abort();
  if (bytes.size() < 600 && run(rastel::for_test::single_bytes(bytes)) != whole) std::abort();
  check_alone(talk.options, bytes, choice);
  return 0;
}
