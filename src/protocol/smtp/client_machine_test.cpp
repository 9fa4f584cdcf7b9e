// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/client_machine.hpp"

#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel::smtp {
namespace {

using Expectations = std::vector<std::pair<Awaited, std::size_t>>;

// All answers to what was asked ahead, or up to "error".
std::string answers(const Expectations& expectations, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(bytes, [&](const rastel::for_test::Pieces& pieces) {
    ClientMachine machine;
    for (const auto& [what, times] : expectations) machine.expect(what, times);
    std::string log;
    for (const std::string_view piece : pieces) {
      machine.receive(piece);
      for (;;) {
        const auto answer = machine.next();
        if (!answer) return log + (answer.error().kind == ErrorKind::peer ? "error" : "wrong error");
        if (!*answer) break;
        log += std::to_string(static_cast<int>((*answer)->to)) + ":" + (*answer)->reply.one_line();
        log += (*answer)->unexpected ? " unexpected" : "";
        log += (*answer)->closing ? " closing\n" : "\n";
      }
    }
    return log + std::to_string(machine.awaited()) + " left";
  });
}

TEST(ClientMachine, MatchesRepliesInOrder) {
  EXPECT_EQ(
      answers({{Awaited::banner, 1}, {Awaited::hello, 1}, {Awaited::command, 2}, {Awaited::data, 1}},
              "220-hello\r\n220 there\r\n250-mx\r\n250 SIZE\r\n250 sender\r\n550 recipient\r\n354 go\r\n"),
      "0:220 hello / there\n1:250 mx / SIZE\n2:250 sender\n2:550 recipient\n3:354 go\n0 left");
  EXPECT_EQ(answers({{Awaited::content, 1}, {Awaited::quit, 1}}, "250-queued\r\n250 ok\r\n"),
            "4:250 queued / ok\n1 left");
}

TEST(ClientMachine, LmtpHasAReplyARecipient) {
  EXPECT_EQ(answers({{Awaited::content, 3}}, "250 a\r\n452-full\r\n452 b\r\n250 c\r\n"),
            "4:250 a\n4:452 full / b\n4:250 c\n0 left");
  EXPECT_EQ(answers({{Awaited::content, 2}}, "250 a\r\n250 b\r\n250 c\r\n"), "4:250 a\n4:250 b\nerror");
}

TEST(ClientMachine, RepliesToNothingAreAnError) {
  EXPECT_EQ(answers({}, "250 ok\r\n"), "error");
  EXPECT_EQ(answers({{Awaited::banner, 1}}, "220 a\r\n250 twice\r\n"), "0:220 a\nerror");
  EXPECT_EQ(answers({{Awaited::command, 2}}, "nonsense\r\n250 ok\r\n"), "error");
}

// PROTOCOLS A-25.
TEST(ClientMachine, MarksClassesThatCannotBe) {
  EXPECT_EQ(answers({{Awaited::data, 1}}, "250 ok\r\n"), "3:250 ok unexpected\n0 left");
  EXPECT_EQ(answers({{Awaited::data, 1}}, "334 ok\r\n"), "3:334 ok unexpected\n0 left");
  EXPECT_EQ(answers({{Awaited::data, 1}}, "451 no\r\n"), "3:451 no\n0 left");
  for (const Awaited what :
       {Awaited::banner, Awaited::hello, Awaited::command, Awaited::content, Awaited::quit}) {
    const std::string kind = std::to_string(static_cast<int>(what));
    EXPECT_EQ(answers({{what, 1}}, "354 go\r\n"), kind + ":354 go unexpected\n0 left");
    EXPECT_EQ(answers({{what, 1}}, "554 no\r\n"), kind + ":554 no\n0 left");
  }
  // Exim's PRDR: 353 behind the dot. Never offered, never understood.
  EXPECT_EQ(answers({{Awaited::content, 1}}, "353 PRDR content analysis beginning\r\n"),
            "4:353 PRDR content analysis beginning unexpected\n0 left");
}

TEST(ClientMachine, A421MayComeAtAnyTime) {
  EXPECT_EQ(answers({}, "421 shutting down\r\n"), "2:421 shutting down closing\n0 left");
  EXPECT_EQ(answers({{Awaited::data, 1}, {Awaited::quit, 1}}, "421 4.3.2 bye\r\n"),
            "3:421 4.3.2 bye closing\n1 left");
}

// A reply that lay there before the command was sent must not be taken for its answer: everything behind it
// would answer one command too early.
TEST(ClientMachine, AReplyBeforeTheQuestionIsNoAnswer) {
  for (const std::string early : {"250 injected\r\n", "250-inj", "2"}) {
    ClientMachine machine;
    machine.expect(Awaited::banner);
    machine.receive("220 a\r\n" + early);
    ASSERT_TRUE(machine.next().value());
    machine.expect(Awaited::hello);
    machine.receive("\r\n250 mx\r\n");
    auto answer = machine.next();
    EXPECT_FALSE(answer) << early;
    EXPECT_FALSE(machine.next()) << early;
  }
  ClientMachine machine;
  machine.receive("421 4.4.2 timeout\r\n");
  machine.expect(Awaited::command);
  const auto answer = machine.next();
  ASSERT_TRUE(answer && *answer);
  EXPECT_TRUE((*answer)->closing);
}

TEST(ClientMachine, TheQueueIsBounded) {
  ClientMachine machine;
  machine.expect(Awaited::content, 2 * ClientMachine::most_awaited);
  EXPECT_EQ(machine.awaited(), ClientMachine::most_awaited);
}

}  // namespace
}  // namespace rastel::smtp
