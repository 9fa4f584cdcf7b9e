// SPDX-License-Identifier: GPL-2.0-only
// What may be said when, and what is sent then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/milter/filter_machine.hpp"
#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter {
namespace {

using namespace for_test;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::string_view end = "end of message";

std::string in_pieces(Talk& talk, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(
      bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
}

// `bytes` behind the opening, where the event that begins with `to` gets `answer`; go_on() follows, which
// says nothing where an answer was sent.
std::string answered(std::string_view to, std::function<void(FilterMachine&)> answer, std::string_view bytes,
                     FilterOptions options = {}, Flags actions = 0x1ff) {
  Talk talk;
  talk.options = std::move(options);
  talk.answer = [&](FilterMachine& machine, std::string_view event) {
    if (event.starts_with(to)) answer(machine);
  };
  const std::string start = offer(6, actions) + connect() + packet('H', texts({"client.example"}));
  const std::string log = in_pieces(talk, start + std::string(bytes));
  const std::size_t at = log.find(to);
  return at == std::string::npos ? "not asked: " + log : log.substr(at);
}

// What is sent between the end of the message and the end.
std::string at_end(std::function<void(FilterMachine&)> answer, FilterOptions options = {},
                   Flags actions = 0x1ff) {
  return answered(end, std::move(answer), envelope() + content(), std::move(options), actions)
      .substr(end.size() + 1);
}

std::string whole(std::string_view to, Verdict verdict, Said expected, FilterOptions options = {}) {
  return answered(
      to, [=](FilterMachine& machine) { EXPECT_EQ(machine.answer(verdict), expected); },
      envelope() + content(), std::move(options));
}

TEST(MilterAnswers, B10EachVerdictAtTheEnd) {
  for (const auto& [verdict, sent] : {std::pair(Verdict::go_on, "> c\n"),
                                      {Verdict::accept, "> a\n"},
                                      {Verdict::discard, "> d\n"},
                                      {Verdict::reject, "> r\n"},
                                      {Verdict::tempfail, "> t\n"}})
    EXPECT_EQ(at_end([&](FilterMachine& machine) { EXPECT_EQ(machine.answer(verdict), Said::said); }), sent);
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.answer({554, "5.7.1", {"100% bad", "go"}}), Said::said);
            }),
            "> y 554-5.7.1 100%% bad\\r\\n554 5.7.1 go|\n");
}

TEST(MilterAnswers, B10AMalformedReplyIsNotSent) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.answer({250, "", {"x"}}), Said::malformed);
              EXPECT_TRUE(machine.answer_due());
            }),
            "> c\n");
}

TEST(MilterAnswers, B11ExactlyOneFinalAnswer) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.answer(Verdict::reject), Said::said);
              EXPECT_EQ(machine.answer(Verdict::accept), Said::not_due);
              EXPECT_EQ(machine.answer({554, "", {"x"}}), Said::not_due);
              EXPECT_EQ(machine.quarantine("x"), Said::not_due);
            }),
            "> r\n");
}

// Neither ABORT nor anything else need follow (Sendmail), nor may the rest of the message.
TEST(MilterAnswers, B07AFinalAnswerEndsTheMessage) {
  for (const std::string step : {"mail", "header", "end of headers", "body"})
    EXPECT_THAT(whole(step, Verdict::reject, Said::said),
                HasSubstr("\n> r\nviolation: a command that is not due\n"))
        << step;
  for (const std::string step : {"mail", "rcpt", "data", "header", "end of headers", "body"})
    EXPECT_THAT(whole(step, Verdict::accept, Said::said),
                HasSubstr("\n> a\nviolation: a command that is not due\n"))
        << step;
  EXPECT_EQ(answered(
                "mail", [](FilterMachine& machine) { (void)machine.answer(Verdict::tempfail); },
                packet('M', texts({"<a>"})) + packet('M', texts({"<b>"}))),
            "mail <a>\n> t\nmail <b>\n> t\n");
}

TEST(MilterAnswers, B07ARefusedRecipientIsForgottenAlone) {
  Talk talk;
  talk.answer = [](FilterMachine& machine, std::string_view event) {
    if (event == "rcpt <c@d>") {
      EXPECT_EQ(machine.answer(Verdict::reject), Said::said);
    }
  };
  EXPECT_THAT(in_pieces(talk, opening() + packet('M', texts({"<a>"})) + packet('R', texts({"<c@d>"})) +
                                  packet('R', texts({"<e@f>"}))),
              EndsWith("rcpt <c@d>\n> r\nrcpt <e@f>\n> c\n"));
  EXPECT_EQ(talk.machine.recipients(), 1U);
}

// Postfix's client may name more recipients and say DATA again.
TEST(MilterAnswers, B07ARefusedDataLeavesTheTransaction) {
  const std::string log = answered(
      "data", [](FilterMachine& machine) { EXPECT_EQ(machine.answer(Verdict::tempfail), Said::said); },
      envelope() + packet('R', texts({"<e@f>"})) + packet('T') + packet('A'));
  EXPECT_EQ(log, "data\n> t\nrcpt <e@f>\n> c\ndata\n> t\nabort\n");
}

TEST(MilterAnswers, B04ASilentStepIsNotAnswered) {
  FilterOptions options;
  options.steps = step::silent_connect | step::silent_helo | step::silent_mail | step::silent_rcpt |
                  step::silent_data | step::silent_header | step::silent_end_of_headers | step::silent_body |
                  step::silent_unknown;
  Talk talk;
  talk.options = options;
  talk.answer = [](FilterMachine& machine, std::string_view event) {
    if (event == end) return;
    EXPECT_FALSE(machine.answer_due()) << event;
    EXPECT_EQ(machine.answer(Verdict::reject), Said::not_due) << event;
    EXPECT_EQ(machine.answer({554, "", {"x"}}), Said::not_due) << event;
  };
  EXPECT_THAT(in_pieces(talk, opening() + packet('U', texts({"FOO"})) + envelope() + content()),
              EndsWith("connect 'mx.example' ipv4 '192.0.2.4' 12345\nhelo client.example\nunknown FOO\n"
                       "mail <a@b> [SIZE=5]\nrcpt <c@d>\ndata\nheader Subject: hi\nend of headers\n"
                       "body text\\r\\n\nend of message\n> c\n"));
  // Not offered, not silent: it has to be answered.
  talk.answer = [](FilterMachine&, std::string_view) {};
  EXPECT_THAT(in_pieces(talk, offer(6, 0xff, step::silent_helo) + connect() + packet('H', texts({"x"}))),
              EndsWith("12345\n> c\nhelo x\n"));
}

TEST(MilterAnswers, B04SkipOnlyOfTheBodyAndOnlyIfOffered) {
  EXPECT_THAT(whole("body", Verdict::skip, Said::said), HasSubstr("> s\nend of message\n> c\n"));
  for (const std::string step : {"mail", "rcpt", "data", "header", "end of headers", "end of message"})
    EXPECT_THAT(whole(step, Verdict::skip, Said::not_allowed), HasSubstr("\n> c\n")) << step;
  FilterOptions options;
  options.steps = 0;
  EXPECT_THAT(whole("body", Verdict::skip, Said::not_negotiated, options), HasSubstr("> c\nend of message"));
}

TEST(MilterAnswers, B10ConnectionsAreNotDiscarded) {
  Talk talk;
  talk.answer = [](FilterMachine& machine, std::string_view event) {
    if (event.starts_with("negotiated")) return;
    EXPECT_EQ(machine.answer(Verdict::discard), Said::not_allowed) << event;
  };
  (void)talk.run({opening() + packet('U', texts({"FOO"}))});
  for (const std::string step : {"connect", "helo"})
    EXPECT_THAT(whole(step, Verdict::accept, Said::said), HasSubstr("\n> a\n"));
}

TEST(MilterAnswers, B08TheTailHasNoAnswerOfItsOwn) {
  EXPECT_EQ(
      answered(
          "body", [](FilterMachine& machine) { EXPECT_EQ(machine.answer(Verdict::reject), Said::not_due); },
          envelope() + packet('E', "tail")),
      "body tail\nend of message\n> c\n");
}

TEST(MilterAnswers, B20ProgressOnlyBehindTheEndOfTheMessage) {
  Talk talk;
  talk.answer = [](FilterMachine& machine, std::string_view event) {
    EXPECT_EQ(machine.progress(), event == end) << event;
    if (event == end) {
      EXPECT_TRUE(machine.progress());
    }
  };
  EXPECT_THAT(in_pieces(talk, opening() + envelope() + content()),
              EndsWith("end of message\n> p\n> p\n> c\n"));
  EXPECT_FALSE(talk.machine.progress());
}

TEST(MilterAnswers, B11AllChangesInTheirOrder) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.change_headers({{HeaderEdit::Kind::insert, 0, "X-A", "v"},
                                                {HeaderEdit::Kind::remove, 1, "Subject", ""}}),
                        Said::said);
              EXPECT_EQ(machine.add_recipient("<x@y>"), Said::said);
              EXPECT_EQ(machine.remove_recipient("<c@d>"), Said::said);
              EXPECT_EQ(machine.add_recipient("z@y", "NOTIFY=NEVER"), Said::said);
              EXPECT_EQ(machine.change_sender("<>", "RET=HDRS"), Said::said);
              EXPECT_EQ(machine.replace_body("new\n"), Said::said);
              EXPECT_EQ(machine.replace_body("text\r\n"), Said::said);
              EXPECT_FALSE(machine.progress());  // would end the body's run
              EXPECT_EQ(machine.quarantine("a\r\nb"), Said::said);
              EXPECT_EQ(machine.answer(Verdict::accept), Said::said);
            }),
            "> m 1 Subject||\n> i 0 X-A| v|\n> + <x@y>|\n> - <c@d>|\n> 2 <z@y>|NOTIFY=NEVER|\n"
            "> e <>|RET=HDRS|\n> b new\\r\\ntext\\r\\n\n> q a??b|\n> a\n");
}

TEST(MilterAnswers, B11NoChangeOutOfOrder) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.replace_body("x"), Said::said);
              EXPECT_EQ(machine.change_headers({{HeaderEdit::Kind::append, 0, "X", "v"}}), Said::not_allowed);
              EXPECT_EQ(machine.remove_recipient("<c@d>"), Said::not_allowed);
              EXPECT_EQ(machine.change_sender("<x>"), Said::not_allowed);
              EXPECT_EQ(machine.quarantine("x"), Said::said);
              EXPECT_EQ(machine.replace_body("x"), Said::not_allowed);
              EXPECT_EQ(machine.quarantine("x"), Said::not_allowed);
            }),
            "> b x\n> q x|\n> c\n");
}

TEST(MilterAnswers, B11NoChangeBeforeTheEndOfTheMessage) {
  Talk talk;
  talk.answer = [](FilterMachine& machine, std::string_view event) {
    if (event == end) return;
    EXPECT_EQ(machine.change_headers({{HeaderEdit::Kind::append, 0, "X", "v"}}), Said::not_due);
    EXPECT_EQ(machine.add_recipient("<x>"), Said::not_due);
    EXPECT_EQ(machine.remove_recipient("<x>"), Said::not_due);
    EXPECT_EQ(machine.change_sender("<x>"), Said::not_due);
    EXPECT_EQ(machine.replace_body("x"), Said::not_due);
    EXPECT_EQ(machine.quarantine("x"), Said::not_due);
  };
  EXPECT_THAT(talk.run({opening() + envelope() + content()}), EndsWith("end of message\n> c\n"));
}

TEST(MilterAnswers, B02NoChangeThatWasNotGranted) {
  EXPECT_EQ(at_end(
                [](FilterMachine& machine) {
                  const auto missing = Said::not_negotiated;
                  EXPECT_EQ(machine.change_headers({{HeaderEdit::Kind::change, 1, "X", "v"}}), missing);
                  EXPECT_EQ(machine.change_headers({{HeaderEdit::Kind::append, 0, "X", "v"},
                                                    {HeaderEdit::Kind::remove, 1, "X", ""}}),
                            missing);
                  EXPECT_EQ(machine.change_headers({{HeaderEdit::Kind::append, 0, "X", "v"}}), Said::said);
                  EXPECT_EQ(machine.add_recipient("<x>", "NOTIFY=NEVER"), missing);
                  EXPECT_EQ(machine.add_recipient("<x>"), Said::said);
                  EXPECT_EQ(machine.remove_recipient("<x>"), missing);
                  EXPECT_EQ(machine.change_sender("<x>"), missing);
                  EXPECT_EQ(machine.replace_body("x"), missing);
                  EXPECT_EQ(machine.quarantine("x"), missing);
                },
                {}, action::add_headers | action::add_recipients),
            "> i f4240 X| v|\n> + <x>|\n> c\n");
}

// A machine at the end of a message, everything before it sent.
void to_the_end(FilterMachine& machine, std::string_view bytes) {
  machine.receive(bytes);
  while (auto event = machine.next())
    if (!std::holds_alternative<event::EndOfMessage>(*event)) machine.go_on();
  ASSERT_TRUE(machine.answer_due());
  (void)machine.take_output();
}

TEST(MilterAnswers, B12ABodyGoesInChunksOfTheNegotiatedSize) {
  for (const auto& [steps, chunk] :
       {std::pair(Flags{0}, chunk_64k), {step::chunks_256k, chunk_256k}, {step::chunks_1m, chunk_1m}}) {
    FilterOptions options;
    options.steps = steps;
    FilterMachine machine(options);
    to_the_end(machine, offer(6, 0xff, steps | step::skip) + connect() + envelope() + packet('E'));
    EXPECT_EQ(machine.replace_body(std::string(chunk - 1, 'x')), Said::said);
    EXPECT_FALSE(machine.wants_flush());
    EXPECT_EQ(machine.replace_body("\n"), Said::said);  // its CR fills the chunk
    EXPECT_TRUE(machine.wants_flush());
    EXPECT_EQ(machine.answer(Verdict::accept), Said::said);
    EXPECT_EQ(machine.take_output(),
              packet('b', std::string(chunk - 1, 'x') + '\r') + packet('b', "\n") + packet('a'));
  }
}

TEST(MilterAnswers, B12ABareLineFeedBecomesALineEnd) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              for (const std::string_view piece : {"a\n", "b\r", "\nc\r\nd", "\n\n", "\re"})
                EXPECT_EQ(machine.replace_body(piece), Said::said);
            }),
            "> b a\\r\\nb\\r\\nc\\r\\nd\\r\\n\\r\\n\\re\n> c\n");
}

TEST(MilterAnswers, B12AnEmptyBodyIsSaidToo) {
  EXPECT_EQ(at_end([](FilterMachine& machine) { EXPECT_EQ(machine.replace_body(""), Said::said); }),
            "> b\n> c\n");
}

TEST(MilterAnswers, B12ARefusalNeedsNoBody) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.replace_body("x"), Said::said);
              EXPECT_EQ(machine.answer(Verdict::tempfail), Said::said);
            }),
            "> t\n");
}

TEST(MilterAnswers, B14PathsHaveAngleBracketsAndNothingThatBreaksThem) {
  EXPECT_EQ(
      at_end([](FilterMachine& machine) {
        EXPECT_EQ(machine.add_recipient("x@y"), Said::said);
        for (const std::string path : {std::string("<x\r\ny>"), std::string("<x\0y>", 5), std::string()})
          EXPECT_EQ(machine.add_recipient(path), Said::malformed);
        EXPECT_EQ(machine.remove_recipient("<x\n>"), Said::malformed);
        EXPECT_EQ(machine.add_recipient("<x>", "A\nB"), Said::malformed);
        EXPECT_EQ(machine.change_sender("<x>", "A\nB"), Said::malformed);
      }),
      "> + <x@y>|\n> c\n");
}

TEST(MilterAnswers, B14NobodyLeftIsADiscard) {
  const std::string two = packet('M', texts({"<a>"})) + packet('R', texts({"<c@d>"})) +
                          packet('R', texts({"<e@f>"})) + packet('R', texts({"<e@f>"})) + content();
  const auto removing = [&](std::vector<std::string> paths, std::function<void(FilterMachine&)> then) {
    return answered(
        end,
        [&](FilterMachine& machine) {
          for (const std::string& path : paths) EXPECT_EQ(machine.remove_recipient(path), Said::said);
          then(machine);
        },
        two);
  };
  const auto nothing = [](FilterMachine&) {};
  EXPECT_THAT(removing({"<c@d>"}, nothing), EndsWith("> - <c@d>|\n> c\n"));
  EXPECT_THAT(removing({"<c@d>", "<e@f>"}, nothing), EndsWith("> - <e@f>|\n> d\n"));
  EXPECT_THAT(
      removing({"<c@d>", "<e@f>"}, [](FilterMachine& machine) { (void)machine.answer(Verdict::accept); }),
      EndsWith("> d\n"));
  EXPECT_THAT(
      removing({"<c@d>", "<e@f>"}, [](FilterMachine& machine) { (void)machine.answer(Verdict::reject); }),
      EndsWith("> r\n"));
  EXPECT_THAT(
      removing({"<c@d>", "<e@f>"}, [](FilterMachine& machine) { (void)machine.add_recipient("<new>"); }),
      EndsWith("> + <new>|\n> c\n"));
  EXPECT_THAT(removing({"<unheard@of>"}, nothing), EndsWith("> c\n"));
}

TEST(MilterAnswers, B15OnlyAnAcceptOrATemporaryFailureFollowsAQuarantine) {
  for (const auto& [verdict, expected] : {std::pair(Verdict::accept, Said::said),
                                          {Verdict::go_on, Said::said},
                                          {Verdict::tempfail, Said::said},
                                          {Verdict::reject, Said::not_allowed},
                                          {Verdict::discard, Said::not_allowed}})
    EXPECT_THAT(at_end([&](FilterMachine& machine) {
                  EXPECT_EQ(machine.quarantine("infected"), Said::said);
                  EXPECT_EQ(machine.answer({554, "", {"x"}}), Said::not_allowed);
                  EXPECT_EQ(machine.answer(verdict), expected);
                }),
                testing::StartsWith("> q infected|\n> "));
}

// A door that waits for a verdict hears that nobody waits for it any more.
TEST(MilterAnswers, B07AbortAndTheEndDontWaitForAnAnswer) {
  for (const std::string& next : {packet('A'), packet('Q'), packet('K')}) {
    FilterMachine machine(FilterOptions{});
    to_the_end(machine, opening() + envelope() + packet('E'));
    EXPECT_FALSE(machine.next());
    machine.receive(next);
    const auto event = machine.next();
    ASSERT_TRUE(event);
    EXPECT_TRUE(std::holds_alternative<event::Abort>(*event));
    EXPECT_EQ(machine.answer(Verdict::accept), Said::not_due);
    EXPECT_FALSE(machine.has_output());
  }
  FilterMachine machine(FilterOptions{});
  machine.receive(offer() + connect());
  while (machine.next() && !machine.answer_due()) machine.go_on();
  machine.receive(packet('A'));
  EXPECT_FALSE(machine.next());  // it isn't about the message: first come, first served
  machine.end_of_input();
  EXPECT_TRUE(std::holds_alternative<event::Quit>(*machine.next()));
  EXPECT_TRUE(machine.closing());
}

}  // namespace
}  // namespace rastel::milter
