// SPDX-License-Identifier: GPL-2.0-only
// What of a message may be changed when, and what is sent then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/milter/filter_answers_for_test.hpp"
#include "protocol/milter/filter_machine.hpp"

namespace rastel::milter {
namespace {

using namespace for_test;
using testing::EndsWith;

TEST(MilterChanges, B11AllChangesInTheirOrder) {
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

TEST(MilterChanges, B11NoChangeOutOfOrder) {
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

TEST(MilterChanges, B11NoChangeBeforeTheEndOfTheMessage) {
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

TEST(MilterChanges, B02NoChangeThatWasNotGranted) {
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

TEST(MilterChanges, B12ABodyGoesInChunksOfTheNegotiatedSize) {
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

TEST(MilterChanges, B12ABareLineFeedBecomesALineEnd) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              for (const std::string_view piece : {"a\n", "b\r", "\nc\r\nd", "\n\n", "\re"})
                EXPECT_EQ(machine.replace_body(piece), Said::said);
            }),
            "> b a\\r\\nb\\r\\nc\\r\\nd\\r\\n\\r\\n\\re\n> c\n");
}

TEST(MilterChanges, B12AnEmptyBodyIsSaidToo) {
  EXPECT_EQ(at_end([](FilterMachine& machine) { EXPECT_EQ(machine.replace_body(""), Said::said); }),
            "> b\n> c\n");
}

TEST(MilterChanges, B12ARefusalNeedsNoBody) {
  EXPECT_EQ(at_end([](FilterMachine& machine) {
              EXPECT_EQ(machine.replace_body("x"), Said::said);
              EXPECT_EQ(machine.answer(Verdict::tempfail), Said::said);
            }),
            "> t\n");
}

TEST(MilterChanges, B07TheNextMessageBeginsAnew) {
  Talk talk;
  int message = 0;
  talk.answer = [&](FilterMachine& machine, std::string_view event) {
    if (event.starts_with("connect")) message = 0;
    if (event != end) return;
    if (++message == 1) {
      EXPECT_EQ(machine.remove_recipient("<c@d>"), Said::said);
      EXPECT_EQ(machine.replace_body("a\r"), Said::said);
    } else if (message == 2) {
      EXPECT_EQ(machine.remove_recipient("<c@d>"), Said::said);
      EXPECT_EQ(machine.add_recipient("<e@f>"), Said::said);
      EXPECT_EQ(machine.replace_body("\nb"), Said::said);
    } else if (message == 3) {
      EXPECT_EQ(machine.replace_body(""), Said::said);
    } else if (message == 4) {
      EXPECT_EQ(machine.remove_recipient("<c@d>"), Said::said);
    }
  };
  const std::string one = envelope() + packet('E');
  const std::string begun = "mail <a@b> [SIZE=5]\n> c\nrcpt <c@d>\n> c\ndata\n> c\nend of message\n";
  EXPECT_THAT(in_pieces(talk, opening() + one + one + one + one + one),
              EndsWith(begun + "> - <c@d>|\n> d\n" +                           // removed
                       begun + "> - <c@d>|\n> + <e@f>|\n> b \\r\\nb\n> c\n" +  // no CR before
                       begun + "> b\n> c\n" + begun + "> - <c@d>|\n> d\n" + begun + "> c\n"));
  EXPECT_EQ(talk.machine.recipients(), 0U);
}

TEST(MilterChanges, B14PathsHaveAngleBracketsAndNothingThatBreaksThem) {
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

TEST(MilterChanges, B14NobodyLeftIsADiscard) {
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
  // What is held isn't dropped.
  EXPECT_THAT(removing({"<c@d>", "<e@f>"}, [](FilterMachine& machine) { (void)machine.quarantine("x"); }),
              EndsWith("> q x|\n> c\n"));
}

TEST(MilterChanges, B14BeyondTheLimitThereMayBeOthersLeft) {
  FilterOptions options;
  options.most_recipients = 1;
  EXPECT_THAT(
      answered(
          end, [](FilterMachine& machine) { EXPECT_EQ(machine.remove_recipient("<c@d>"), Said::said); },
          packet('M', texts({"<a>"})) + packet('R', texts({"<c@d>"})) + packet('R', texts({"<e@f>"})) +
              content(),
          options),
      EndsWith("> - <c@d>|\n> c\n"));
}

TEST(MilterChanges, B15OnlyAnAcceptOrATemporaryFailureFollowsAQuarantine) {
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

}  // namespace
}  // namespace rastel::milter
