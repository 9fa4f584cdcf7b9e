// SPDX-License-Identifier: GPL-2.0-only
// What may be answered when, and what is sent then. Changes of a message: filter_changes_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/milter/filter_answers_for_test.hpp"
#include "protocol/milter/filter_machine.hpp"

namespace rastel::milter {
namespace {

using namespace for_test;
using testing::EndsWith;
using testing::HasSubstr;

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
