// SPDX-License-Identifier: GPL-2.0-only
// Which commands are events, in which order, and what is negotiated. Answers: filter_answers_test.cpp.
#include "protocol/milter/filter_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter {
namespace {

using namespace for_test;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string in_pieces(Talk& talk, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(
      bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
}

std::string said(std::string_view bytes, FilterOptions options = {}) {
  Talk talk;
  talk.options = std::move(options);
  return in_pieces(talk, bytes);
}

// What is said behind the opening, which is cut off.
std::string after_opening(std::string_view bytes, FilterOptions options = {}) {
  const std::string log = said(opening() + std::string(bytes), std::move(options));
  const std::string last = "helo client.example\n> c\n";
  const std::size_t end = log.find(last);
  return end == std::string::npos ? "no opening: " + log : log.substr(end + last.size());
}

FilterOptions with_steps(Flags steps) {
  FilterOptions options;
  options.steps = steps;
  return options;
}

const std::string envelope_said = "mail <a@b> [SIZE=5]\n> c\nrcpt <c@d>\n> c\ndata\n> c\n";
const std::string content_said =
    "header Subject: hi\n> c\nend of headers\n> c\nbody text\\r\\n\n> c\nend of message\n> c\n";

TEST(MilterMachine, B07TwoMessagesOfOneClient) {
  EXPECT_EQ(said(opening() + envelope() + content() + envelope() + content() + packet('Q')),
            "> O 6 ff 100500\nnegotiated 6 ff 100500 missing 0\n"
            "connect 'mx.example' ipv4 '192.0.2.4' 12345\n> c\nhelo client.example\n> c\n" +
                envelope_said + content_said + envelope_said + content_said + "quit\nclose\n");
}

TEST(MilterNegotiation, B02AnswersOnlyWhatWasOffered) {
  EXPECT_EQ(said(offer(2, 0x3, 0x3f)), "> O 2 3 0\nnegotiated 2 3 0 missing fc\n");
  EXPECT_EQ(said(offer(4, 0x1, step::no_unknown)), "> O 4 1 100\nnegotiated 4 1 100 missing fe\n");
  EXPECT_EQ(said(offer(7, 0xffffffff, 0xffffffff)), "> O 6 ff 100500\nnegotiated 6 ff 100500 missing 0\n");
}

TEST(MilterNegotiation, B02NoFlagsAreThoseOfVersion1) {
  EXPECT_EQ(said(offer(2, 0, 0)), "> O 2 f 0\nnegotiated 2 f 0 missing f0\n");
  EXPECT_EQ(said(offer(2, 0, 0), with_steps(step::no_body | step::no_unknown)),
            "> O 2 f 10\nnegotiated 2 f 10 missing f0\n");
}

TEST(MilterNegotiation, B02AnOldMailServerIsClosed) {
  for (const std::uint32_t version : {0U, 1U})
    EXPECT_EQ(said(offer(version)), "violation: a version of the protocol that is too old\nclose\n");
}

TEST(MilterNegotiation, B02WhatIsBehindTheThreeNumbersIsIgnored) {
  EXPECT_THAT(said(packet('O', numbers({6, 0xff, 0, 99, 99}))), StartsWith("> O 6 ff 0\n"));
  EXPECT_EQ(said(packet('O', numbers({6, 0xff}) + "\1\2\3")),
            "violation: a negotiation that is too short\nclose\n");
}

TEST(MilterNegotiation, B02ComesFirstAndOnce) {
  const std::string not_due = "violation: a command that is not due\nclose\n";
  for (const char command : {'C', 'H', 'M', 'D', 'A', 'K', 'E', 'U'})
    EXPECT_EQ(said(packet(command)), not_due);
  EXPECT_EQ(said(packet('Q')), "quit\nclose\n");
  EXPECT_EQ(after_opening(offer()), not_due);
}

TEST(MilterNegotiation, B02AMissingActionIsSeen) {
  Talk talk;
  (void)talk.run({offer(6, action::add_headers | action::change_headers)});
  EXPECT_TRUE(talk.machine.may(action::add_headers | action::change_headers));
  EXPECT_FALSE(talk.machine.may(action::change_body));
  EXPECT_FALSE(talk.machine.may(action::add_headers | action::quarantine));
  EXPECT_EQ(talk.machine.negotiated().missing & action::quarantine, action::quarantine);
}

TEST(MilterNegotiation, B03TheFlagsAreThoseOfTheProtocol) {
  EXPECT_EQ(FilterOptions().actions, 0xffU);
  EXPECT_EQ(step::no_connect | step::no_helo | step::no_mail | step::no_rcpt | step::no_body |
                step::no_headers | step::no_end_of_headers,
            0x7fU);
  EXPECT_EQ(step::silent_header, 0x80U);
  EXPECT_EQ(step::no_unknown | step::no_data | step::skip | step::refused_recipients, 0xf00U);
  EXPECT_EQ(step::silent_connect | step::silent_helo | step::silent_mail | step::silent_rcpt |
                step::silent_data | step::silent_unknown | step::silent_end_of_headers | step::silent_body,
            0xff000U);
  EXPECT_EQ(step::leading_space, 0x100000U);
  EXPECT_EQ(step::chunks_256k | step::chunks_1m, 0x30000000U);
}

TEST(MilterNegotiation, B05AsksForMacrosByStage) {
  FilterOptions options;
  options.macros = {{Stage::connect, {"j", "client_addr"}},
                    {Stage::end_of_message, {"i"}},
                    {Stage::unknown, {"i"}},
                    {Stage::end_of_headers, {}}};
  EXPECT_THAT(said(offer(), options), StartsWith("> O 6 1ff 100500 [0 j {client_addr}] [5 i] [6 ]\n"));
  EXPECT_EQ(said(offer(6, 0xff), options), "> O 6 ff 100500\nnegotiated 6 ff 100500 missing 0\n");
}

TEST(MilterNegotiation, B09OneSizeOfChunks) {
  const Flags both = step::chunks_256k | step::chunks_1m;
  EXPECT_THAT(said(offer(6, 0xff, both), with_steps(both)), StartsWith("> O 6 ff 20000000\n"));
  EXPECT_THAT(said(offer(6, 0xff, step::chunks_256k), with_steps(both)), StartsWith("> O 6 ff 10000000\n"));
  EXPECT_THAT(said(offer(), with_steps(both)), StartsWith("> O 6 ff 0\n"));
}

// Not in pieces: too large for all ways of cutting.
TEST(MilterMachine, B09ChunksAreAsLargeAsWasNegotiated) {
  const auto taken = [](Flags offered, std::size_t octets) {
    Talk talk;
    talk.options = with_steps(step::chunks_256k | step::chunks_1m);
    const std::string log = talk.run({offer(6, 0xff, offered | step::no_unknown) + connect() + envelope() +
                                      packet('B', std::string(octets, 'x'))});
    return log.find("violation") == std::string::npos;
  };
  EXPECT_TRUE(taken(0, 65535));
  EXPECT_FALSE(taken(0, 65536));
  EXPECT_TRUE(taken(step::chunks_256k, 262143));
  EXPECT_FALSE(taken(step::chunks_256k, 262144));
  EXPECT_TRUE(taken(step::chunks_1m, 1048575));
  EXPECT_FALSE(taken(step::chunks_1m, 1048576));
}

TEST(MilterMachine, B36OtherPacketsHaveTheirOwnLimit) {
  FilterOptions options;
  options.longest_packet = 100;
  EXPECT_THAT(after_opening(envelope() + packet('L', std::string(101, 'x')), options),
              EndsWith("violation: a packet of a length that is not allowed\nclose\n"));
  options = {};
  options.longest_command = 30;  // the opening's CONNECT has 24
  const std::string unreadable = "violation: a command whose arguments can't be read\nclose\n";
  EXPECT_EQ(after_opening(packet('M', texts({"<a@b>", "SIZE=1234567890123456789"})), options), unreadable);
  EXPECT_EQ(after_opening(packet('H', texts({std::string(30, 'x')})), options), unreadable);
  options = {};
  options.most_arguments = 2;
  EXPECT_EQ(after_opening(packet('M', texts({"<a@b>", "1", "2"})), options), "mail <a@b> [1] [2]\n> c\n");
  EXPECT_EQ(after_opening(packet('M', texts({"<a@b>", "1", "2", "3"})), options), unreadable);
}

TEST(MilterMachine, B36EveryStringMustEndWithinItsPacket) {
  const std::string unreadable = "violation: a command whose arguments can't be read\nclose\n";
  for (const char command : {'H', 'M', 'U'}) {
    EXPECT_EQ(after_opening(packet(command)), unreadable) << command;
    EXPECT_EQ(after_opening(packet(command, "x")), unreadable) << command;
  }
  EXPECT_EQ(after_opening(packet('H', texts({"a", "b"}))), unreadable);
  EXPECT_THAT(after_opening(packet('M', texts({"<a@b>"})) + packet('R', texts({"<c@d>"}) + "x")),
              EndsWith(unreadable));
  for (const std::string& field : {texts({"A"}), texts({"A"}) + "b", texts({"A", "b"}) + "c", std::string()})
    EXPECT_THAT(after_opening(envelope() + packet('L', field)),
                EndsWith("violation: a header field that can't be read\nclose\n"));
  EXPECT_EQ(after_opening(packet('D', "Mi")), "violation: macros that can't be read\nclose\n");
  EXPECT_EQ(after_opening(packet('?')), "violation: a command that the protocol doesn't have\nclose\n");
}

TEST(MilterMachine, B36RecipientsBeyondTheLimitAreSaid) {
  FilterOptions options;
  options.most_recipients = 2;
  std::string bytes = packet('M', texts({"<a@b>"}));
  for (const char* path : {"<1@d>", "<2@d>", "<3@d>", "<4@d>"}) bytes += packet('R', texts({path}));
  EXPECT_EQ(after_opening(bytes, options),
            "mail <a@b>\n> c\nrcpt <1@d>\n> c\nrcpt <2@d>\n> c\ntoo many recipients\n> c\n"
            "too many recipients\n> c\n");
}

TEST(MilterMachine, B36AHeaderBeyondItsLimitsIsSaidOnceAndLeftOut) {
  FilterOptions options;
  options.most_headers = 2;
  std::string bytes = envelope();
  for (const char* name : {"A", "B", "C", "D"}) bytes += packet('L', texts({name, "x"}));
  const std::string told = envelope_said + "header A:x\n> c\nheader B:x\n> c\ntoo large a header\n> c\n> c\n";
  EXPECT_EQ(after_opening(bytes + packet('N'), options), told + "end of headers\n> c\n");
  // The next message has its own limit.
  EXPECT_EQ(after_opening(bytes + packet('A') + bytes, options), told + "abort\n" + told);
  options = {};
  options.most_header_octets = 9;
  EXPECT_EQ(after_opening(envelope() + packet('L', texts({"A", "xx"})) + packet('L', texts({"B", "xx"})) +
                              packet('L', texts({"C", ""})),
                          options),
            envelope_said + "header A:xx\n> c\ntoo large a header\n> c\n> c\n");
}

TEST(MilterMachine, B07AbortAtAnyTimeAndSeveralInARow) {
  EXPECT_EQ(after_opening(packet('A') + packet('A')), "abort\nabort\n");
  EXPECT_THAT(said(offer() + packet('A') + connect()), HasSubstr("missing 0\nabort\nconnect 'mx.example'"));
  std::string begun;
  for (const std::string& next :
       {packet('M', texts({"<a@b>", "SIZE=5"})), packet('R', texts({"<c@d>"})), packet('T'),
        packet('L', texts({"Subject", " hi"})), packet('N'), packet('B', "text\r\n")}) {
    begun += next;
    const std::string log = after_opening(begun + packet('A') + packet('A') + envelope() + content());
    EXPECT_THAT(log, EndsWith("> c\nabort\nabort\n" + envelope_said + content_said));
  }
}

TEST(MilterMachine, B07AMessageMayFollowWithoutAbort) {
  const std::string given_up = envelope_said + "abort\n";
  EXPECT_EQ(after_opening(envelope() + envelope() + content()), given_up + envelope_said + content_said);
  EXPECT_EQ(after_opening(envelope() + packet('H', texts({"again"}))), given_up + "helo again\n> c\n");
  EXPECT_EQ(after_opening(envelope() + packet('Q')), given_up + "quit\nclose\n");
}

TEST(MilterMachine, B07HeloMayRepeat) {
  const std::string helo = packet('H', texts({"x"}));
  EXPECT_EQ(after_opening(helo + helo), "helo x\n> c\nhelo x\n> c\n");
  EXPECT_THAT(said(offer() + connect() + envelope() + content()), EndsWith(envelope_said + content_said));
}

TEST(MilterMachine, B07ANewClientOverTheSameSocket) {
  const std::string log = after_opening(packet('D', "C" + texts({"j", "old"})) + envelope() + packet('K') +
                                        connect("second.example") + envelope() + content());
  EXPECT_EQ(log, envelope_said + "abort\nquit, new connection\n" +
                     "connect 'second.example' ipv4 '192.0.2.4' 12345\n> c\n" + envelope_said + content_said);
  EXPECT_EQ(after_opening(packet('K') + packet('M', texts({"<a@b>"}))),
            "quit, new connection\nviolation: a command that is not due\nclose\n");
  EXPECT_EQ(after_opening(packet('K') + packet('Q')), "quit, new connection\nquit\nclose\n");
}

TEST(MilterMachine, B07TheEndOfTheConnectionIsAQuit) {
  Talk talk;
  talk.closes = true;
  EXPECT_EQ(in_pieces(talk, ""), "quit\nclose\n");
  EXPECT_THAT(in_pieces(talk, offer()), EndsWith("missing 0\nquit\nclose\n"));
  EXPECT_THAT(in_pieces(talk, opening() + envelope()), EndsWith("data\n> c\nabort\nquit\nclose\n"));
  EXPECT_THAT(in_pieces(talk, opening() + packet('M').substr(0, 3)), EndsWith("> c\nquit\nclose\n"));
  EXPECT_THAT(in_pieces(talk, opening() + packet('Q')), EndsWith("> c\nquit\nclose\n"));
}

TEST(MilterMachine, B07NothingIsTakenOutOfOrder) {
  const std::string not_due = "violation: a command that is not due\nclose\n";
  EXPECT_THAT(said(offer() + packet('H', texts({"x"}))), EndsWith("missing 0\n" + not_due));
  EXPECT_EQ(after_opening(connect()), not_due);
  for (const char command : {'R', 'T', 'L', 'N', 'B', 'E'})
    EXPECT_EQ(after_opening(packet(command)), not_due);
  const std::string out_of_order = "violation: a command out of order\nclose\n";
  EXPECT_EQ(after_opening(envelope() + packet('T')), envelope_said + out_of_order);
  EXPECT_EQ(after_opening(envelope() + packet('R', texts({"<x@y>"}))), envelope_said + out_of_order);
  EXPECT_THAT(after_opening(envelope() + packet('N') + packet('L', texts({"A", "b"}))),
              EndsWith(out_of_order));
  EXPECT_THAT(after_opening(envelope() + packet('N') + packet('N')), EndsWith(out_of_order));
  EXPECT_THAT(after_opening(envelope() + packet('B', "x") + packet('N')), EndsWith(out_of_order));
  EXPECT_THAT(after_opening(envelope() + content() + packet('E')), EndsWith(not_due));
  EXPECT_THAT(after_opening(envelope() + packet('L', texts({"A", "b"})) + packet('U', texts({"FOO"}))),
              EndsWith("violation: an unknown command within the content\nclose\n"));
}

TEST(MilterMachine, B07StepsThatAreNotThereMayBeLeftOut) {
  EXPECT_THAT(after_opening(packet('M', texts({"<>"})) + packet('E')),
              EndsWith("mail <>\n> c\nend of message\n> c\n"));
  const Flags all = step::no_connect | step::no_helo | step::no_mail | step::no_rcpt | step::no_data;
  const std::string begin = offer() + packet('D', "M" + texts({"i", "4AB"}));
  EXPECT_THAT(said(begin + content() + content(), with_steps(all)), EndsWith(content_said + content_said));
  EXPECT_THAT(said(begin + packet('E', "x"), with_steps(all | step::no_body)),
              EndsWith("body x\nend of message\n> c\n"));
  EXPECT_THAT(said(begin + packet('M', texts({"<a>"})), with_steps(step::no_connect)),
              EndsWith("mail <a>\n> c\n"));
}

TEST(MilterMachine, B07UnknownCommands) {
  EXPECT_EQ(after_opening(packet('U', texts({"FOO bar"}))), "unknown FOO bar\n> c\n");
  EXPECT_EQ(after_opening(envelope() + packet('U', texts({"FOO"}))), envelope_said + "unknown FOO\n> c\n");
}

TEST(MilterMachine, B07MacrosComeBeforeTheirCommandAlsoWhereThatIsLeftOut) {
  Talk talk;
  std::string macros;
  talk.answer = [&](FilterMachine& machine, std::string_view event) {
    if (event.starts_with("rcpt") || event.starts_with("mail") || event == "abort")
      macros += std::string(machine.macros().find("i").value_or("none")) + ' ' +
                std::string(machine.macros().find("j").value_or("none")) + '\n';
  };
  const std::string bytes = offer() + packet('D', "C" + texts({"j", "mx"})) + connect() +
                            packet('D', "M" + texts({"i", "first"})) + packet('M', texts({"<a>"})) +
                            packet('R', texts({"<c>"})) + packet('D', "M" + texts({"i", "second"})) +
                            packet('M', texts({"<a>"})) + packet('A') + packet('M', texts({"<a>"}));
  (void)talk.run({bytes});
  EXPECT_EQ(macros, "first mx\nfirst mx\nsecond mx\nsecond mx\nnone mx\nnone mx\n");
  talk.options.steps = step::no_mail;
  macros.clear();
  (void)talk.run(
      {offer() + connect() + packet('D', "M" + texts({"i", "first"})) + packet('R', texts({"<c>"}))});
  EXPECT_EQ(macros, "first none\n");
}

TEST(MilterMachine, B07NothingOfOneClientIsTakenForTheNextOnes) {
  Talk talk;
  (void)talk.run({offer() + packet('D', "C" + texts({"j", "mx"})) + connect() + packet('K')});
  EXPECT_FALSE(talk.machine.macros().find("j"));
}

TEST(MilterMachine, B06MacrosOfAMessageEndWithIt) {
  Talk talk;
  (void)talk.run({opening() + packet('D', "M" + texts({"i", "4AB"})) + envelope() + packet('E')});
  EXPECT_FALSE(talk.machine.macros().find("i"));
}

TEST(MilterMachine, B08TheEndMayCarryTheLastChunk) {
  EXPECT_EQ(after_opening(envelope() + packet('B', "a") + packet('E', "tail")),
            envelope_said + "body a\n> c\nbody tail\nend of message\n> c\n");
  EXPECT_EQ(after_opening(envelope() + packet('E', "tail") + envelope() + packet('E', "more")),
            envelope_said + "body tail\nend of message\n> c\n" + envelope_said +
                "body more\nend of message\n> c\n");
}

TEST(MilterMachine, B33RecipientsThatTheMailServerRefusedAreMarked) {
  EXPECT_EQ(after_opening(packet('M', texts({"<a>"})) +
                          packet('D', "R" + texts({"{rcpt_mailer}", "error", "{rcpt_addr}", "x"})) +
                          packet('R', texts({"<x>"})) + packet('D', "R" + texts({"{rcpt_mailer}", "local"})) +
                          packet('R', texts({"<y>"})) + packet('R', texts({"<z>"}))),
            "mail <a>\n> c\nrefused rcpt <x>\n> c\nrcpt <y>\n> c\nrcpt <z>\n> c\n");
}

// One that was refused before it came to us isn't ours to forget.
TEST(MilterMachine, B33ARefusalOfARefusedRecipientChangesNothing) {
  Talk talk;
  talk.answer = [](FilterMachine& machine, std::string_view event) {
    if (event.starts_with("refused")) (void)machine.answer(Verdict::reject);
  };
  (void)talk.run({opening() + packet('M', texts({"<a>"})) + packet('R', texts({"<y>"})) +
                  packet('D', "R" + texts({"{rcpt_mailer}", "error"})) + packet('R', texts({"<x>"}))});
  EXPECT_EQ(talk.machine.recipients(), 1U);
}

TEST(MilterMachine, B36NothingFollowsAViolation) {
  EXPECT_EQ(after_opening(packet('?') + envelope()),
            "violation: a command that the protocol doesn't have\nclose\n");
}

TEST(MilterMachine, ALargePacketLeavesNothingBehind) {
  Talk talk;
  (void)talk.run({opening() + packet('M', texts({"<a>"})) + packet('B', std::string(60000, 'x'))});
  EXPECT_FALSE(talk.machine.at_rest());
  talk.machine.release_buffers();
  EXPECT_LT(talk.machine.held_for_test(), 100U);
  (void)talk.run({opening()});
  EXPECT_TRUE(talk.machine.at_rest());
  talk.machine.receive("\0");
  EXPECT_FALSE(talk.machine.in_message());
}

}  // namespace
}  // namespace rastel::milter
