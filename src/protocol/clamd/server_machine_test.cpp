// SPDX-License-Identifier: GPL-2.0-only
// Commands outside of a session. The answers are those of Debian's clamd 1.4.6, letter by letter, where no
// comment says otherwise (docs/clamd.md).
#include "protocol/clamd/server_machine.hpp"

#include <gtest/gtest.h>

#include "protocol/clamd/server_said_for_test.hpp"

namespace rastel::clamd {
namespace {

using for_test::ending;
using for_test::events;
using for_test::said;
using for_test::Talk;
using namespace std::string_literals;

Talk stranger() {
  Talk talk;
  talk.options = {};
  return talk;
}

Talk resting() {
  Talk talk;
  talk.input_rests = true;
  return talk;
}

TEST(Clamd, AnswersEndAsTheCommandDid) {
  EXPECT_EQ(said("nPING\n"), "PONG\n[close]");
  EXPECT_EQ(said("zPING\0"s), "PONG^@[close]");
  EXPECT_EQ(said("PING\n"), "PONG\n[close]");
  EXPECT_EQ(said("nVERSION\n"), "ClamAV 1.4.6\n[close]");
  EXPECT_EQ(said("zVERSION\0"s), "ClamAV 1.4.6^@[close]");
  EXPECT_EQ(said("VERSION\n"), "ClamAV 1.4.6\n[close]");
  EXPECT_EQ(said("zRELOAD\0"s), "RELOADING^@[close]");
  EXPECT_EQ(said("nRELOAD\n"), "RELOADING\n[close]");
  EXPECT_EQ(said("RELOAD\n"), "RELOADING\n[close]");
  EXPECT_EQ(said("nSTATS\n"), "POOLS: 1\n\nEND\n[close]");
  EXPECT_EQ(said("zSTATS\0"s), "POOLS: 1\n\nEND^@[close]");
}

// clamd's list has QUIT, SHUTDOWN, DETSTATSCLEAR and DETSTATS too.
TEST(Clamd, CommandsAreTheOnesThatAreAllowed) {
  EXPECT_EQ(said("nVERSIONCOMMANDS\n"),
            "ClamAV 1.4.6| COMMANDS: SCAN RELOAD PING CONTSCAN VERSIONCOMMANDS VERSION END MULTISCAN FILDES "
            "STATS IDSESSION INSTREAM ALLMATCHSCAN\n[close]");
  EXPECT_EQ(
      said("zVERSIONCOMMANDS\0"s, stranger()),
      "ClamAV 1.4.6| COMMANDS: PING VERSIONCOMMANDS VERSION END FILDES STATS IDSESSION INSTREAM^@[close]");
}

TEST(Clamd, WhatIsNoCommandEndsIt) {
  for (const std::string word :
       {"",           "nope",        "ping",     " PING",    "PING ",    "PING x",    "VERSIONX",
        "STREAM",     "SESSION",     "END",      "SCAN",     "CONTSCAN", "MULTISCAN", "ALLMATCHSCAN",
        "INSTREAM x", "IDSESSION x", "FILDES x", "RELOAD x", "PING \r",  "zPING"}) {
    EXPECT_EQ(said("n" + word + "\n"), "UNKNOWN COMMAND\n[close]") << word;
    EXPECT_EQ(said("z" + word + '\0'), "UNKNOWN COMMAND^@[close]") << word;
    EXPECT_EQ(events("n" + word + "\n"), "refused: unknown command") << word;
  }
  for (const std::string word : {"", "ping", " PING", "PING ", "END", "SCAN", "STREAM"})
    EXPECT_EQ(said(word + "\n"), "UNKNOWN COMMAND\n[close]") << word;
  EXPECT_EQ(said("zPING\r\0"s), "UNKNOWN COMMAND^@[close]");
  EXPECT_EQ(said("\r\nPING\n"), "UNKNOWN COMMAND\n[close]");
  // clamd answers nothing to its retired DETSTATS, and closes.
  EXPECT_EQ(said("zDETSTATS\0"s), "UNKNOWN COMMAND^@[close]");
}

TEST(Clamd, SomeCommandsNeedAPrefix) {
  for (const std::string word :
       {"VERSIONCOMMANDS", "END", "STATS", "IDSESSION", "INSTREAM", "ALLMATCHSCAN /"})
    EXPECT_EQ(said(word + "\n"), "UNKNOWN COMMAND\n[close]") << word;
  EXPECT_EQ(said("INSTREAM\n"s + for_test::chunk("x") + for_test::chunk("")), "UNKNOWN COMMAND\n[close]");
}

TEST(Clamd, OnlyTheTerminatorOfItsFormEndsACommand) {
  EXPECT_EQ(said("nPING\0"s), "");
  EXPECT_EQ(said("zPING\n"), "");
  EXPECT_EQ(said("zPING\nzPING\0"s), "UNKNOWN COMMAND^@[close]");
  EXPECT_EQ(said("nPING\r\n"), "PONG\n[close]");
  EXPECT_EQ(said("PING\r\n"), "PONG\n[close]");
  EXPECT_EQ(said("PING\r\r\n"), "PONG\n[close]");
}

// clamd reads up to the NUL and so answers PONG, or scans another path than the one that was sent.
TEST(Clamd, ANulWithinALineIsNoCommand) {
  EXPECT_EQ(said("nPING\0\n"s), "UNKNOWN COMMAND\n[close]");
  EXPECT_EQ(said("nSCAN /tree/a_clean\0x\n"s), "UNKNOWN COMMAND\n[close]");
  EXPECT_EQ(said("PING\0x\n"s), "UNKNOWN COMMAND\n[close]");
}

// clamd sometimes says "Error processing command. ERROR" before or behind the right answer.
TEST(Clamd, WhatComesBehindTheOnlyCommandIsNotLookedAt) {
  EXPECT_EQ(said("zPING\0zPING\0"s), "PONG^@[close]");
  EXPECT_EQ(said("nPING\nzPING\0"s), "PONG\n[close]");
  EXPECT_EQ(said("PING\nPING\n"), "PONG\n[close]");
  EXPECT_EQ(said("zPING\0x"s), "PONG^@[close]");
  EXPECT_EQ(said("nSCAN /tree/a_clean\r\n"), "/tree/a_clean: OK\n[close]");
  EXPECT_EQ(events("nSCAN /tree/new\nline\n"), "scan </tree/new>");
}

TEST(Clamd, PathsAreHandedOnAsTheyCome) {
  EXPECT_EQ(said("zSCAN /tree/b_eicar\0"s), "/tree/b_eicar: Eicar-Test.UNOFFICIAL FOUND^@[close]");
  EXPECT_EQ(said("nSCAN /tree/a_clean\n"), "/tree/a_clean: OK\n[close]");
  EXPECT_EQ(said("SCAN /tree/a_clean\n"), "/tree/a_clean: OK\n[close]");
  EXPECT_EQ(said("zSCAN\t/tree/a_clean\0"s), "/tree/a_clean: OK^@[close]");
  EXPECT_EQ(said("zSCAN /nope\0"s),
            "/nope: File path check failure: No such file or directory. ERROR^@[close]");
  EXPECT_EQ(said("zSCAN \0"s), ": File path check failure: No such file or directory. ERROR^@[close]");
  EXPECT_EQ(said("zSCAN /tree/new\nline\0"s), "/tree/new\nline: OK^@[close]");
  EXPECT_EQ(
      said("zCONTSCAN /tree\0"s),
      "/tree/b_eicar: Eicar-Test.UNOFFICIAL FOUND^@/tree/c_eicar: Eicar-Test.UNOFFICIAL FOUND^@[close]");
  EXPECT_EQ(
      said("CONTSCAN /tree\n"),
      "/tree/b_eicar: Eicar-Test.UNOFFICIAL FOUND\n/tree/c_eicar: Eicar-Test.UNOFFICIAL FOUND\n[close]");
  EXPECT_EQ(events("zSCAN  \0"s), "scan < >");
  EXPECT_EQ(events("zSCAN /a \0"s), "scan </a >");
  EXPECT_EQ(events("zSCAN /a\r\0"s), "scan </a\r>");
  EXPECT_EQ(events("zSCAN tree/../a\0"s), "scan <tree/../a>");
  EXPECT_EQ(events("zMULTISCAN /a\0"s), "multiscan </a>");
  EXPECT_EQ(events("nALLMATCHSCAN /a\n"), "allmatchscan </a>");
}

// clamd takes any octet for the space: "SCANx/" scans all that there is.
TEST(Clamd, APathStandsBehindASpace) {
  EXPECT_EQ(said("zSCANx/tree\0"s), "UNKNOWN COMMAND^@[close]");
  EXPECT_EQ(said("nSCAN/tree\n"), "UNKNOWN COMMAND\n[close]");
}

// clamd 1.4 shuts down at anybody's word; its own "ALLMATCHSCAN command disabled by clamd configuration.
// ERROR" is the model for what we say.
TEST(Clamd, WhatIsNotPermittedIsRefused) {
  EXPECT_EQ(said("zSHUTDOWN\0"s), "SHUTDOWN command disabled by configuration. ERROR^@[close]");
  EXPECT_EQ(said("QUIT\n"), "QUIT command disabled by configuration. ERROR\n[close]");
  EXPECT_EQ(said("RELOAD\n", stranger()), "RELOAD command disabled by configuration. ERROR\n[close]");
  EXPECT_EQ(said("zSCAN /a\0"s, stranger()), "/a: SCAN command disabled by configuration. ERROR^@[close]");
  EXPECT_EQ(said("CONTSCAN /a\n", stranger()),
            "/a: CONTSCAN command disabled by configuration. ERROR\n[close]");
  EXPECT_EQ(events("zALLMATCHSCAN /a\0"s, stranger()), "refused: not permitted");
}

TEST(Clamd, ACommandHasAtMost4104Octets) {
  const std::string path(4104 - 7, 'a');
  EXPECT_EQ(said("zSCAN " + path + '\0'), path + ": OK^@[close]");
  EXPECT_EQ(said("z" + std::string(4102, 'a') + '\0'), "UNKNOWN COMMAND^@[close]");
  EXPECT_EQ(said("z" + std::string(4102, 'a')), "");
  // clamd waits for one octet more before it gives an unfinished one up.
  EXPECT_EQ(said("z" + std::string(4103, 'a')), "[close]");
  EXPECT_EQ(said("z" + std::string(4103, 'a') + '\0'), "[close]");
  EXPECT_EQ(said("n" + std::string(9000, 'a') + "\n"), "[close]");
  EXPECT_EQ(events("n" + std::string(9000, 'a') + "\n"), "refused: command too long");
  EXPECT_EQ(said(std::string(9000, 'a')), "UNKNOWN COMMAND\n[close]");
}

// clamd takes each packet for a command. We wait for LF, and until the client rests or has gone.
TEST(Clamd, APlainCommandEndsWithLf) {
  EXPECT_EQ(said("PING"), "");
  EXPECT_EQ(said("PING", resting()), "PONG\n[close]");
  EXPECT_EQ(said("VERSION\r", resting()), "");
  EXPECT_EQ(said("SCAN /tree/a", resting()), "") << "the path may be a part of one";
  EXPECT_EQ(said("PIN", resting()), "");
  EXPECT_EQ(said("zPING", resting()), "");
  EXPECT_EQ(said("SCAN /tree/a", ending()), "/tree/a: OK\n[close]");
  EXPECT_EQ(said("PING\r", ending()), "PONG\n[close]");
  EXPECT_EQ(said("nope", ending()), "[close]") << "begins with n, so LF is wanted";
  EXPECT_EQ(said("ping", ending()), "UNKNOWN COMMAND\n[close]");
}

TEST(Clamd, WhoGoesAwayHearsNothing) {
  EXPECT_EQ(said("", ending()), "[close]");
  EXPECT_EQ(said("zPIN", ending()), "[close]");
  EXPECT_EQ(said("zFILDES\0"s, ending()), "[close]");
}

TEST(Clamd, WhoIsSilentIsTold) {
  ServerMachine machine({});
  EXPECT_TRUE(machine.at_rest());
  machine.receive("zPI");
  EXPECT_FALSE(machine.next());
  EXPECT_FALSE(machine.at_rest());
  machine.time_out();
  EXPECT_EQ(machine.take_output(), "COMMAND READ TIMED OUT\n");
  EXPECT_TRUE(machine.closing());
  machine.time_out();
  EXPECT_FALSE(machine.has_output());
}

// clamd lets a file's name write an answer of its own.
TEST(Clamd, ANameForgesNoAnswer) {
  ServerMachine machine({.may_scan_paths = true});
  machine.receive("nCONTSCAN /forge\n");
  const auto event = machine.next();
  ASSERT_TRUE(event);
  const Ticket ticket = std::get<event::Scan>(*event).ticket;
  machine.answer_line(ticket, found("/forge/a\n/forge/b: OK", "X"));
  machine.answer(ticket, ok("/forge"));
  EXPECT_EQ(machine.take_output(), "/forge/a?/forge/b: OK: X FOUND\n/forge: OK\n");
}

TEST(Clamd, AnAnswerIsGivenOnce) {
  ServerMachine machine({});
  machine.receive("nPING\n");
  ASSERT_TRUE(machine.next());
  EXPECT_FALSE(machine.next());
  EXPECT_FALSE(machine.closing());
  machine.answer({7, Form::null}, "nobody asked");
  machine.answer({0, Form::newline}, "PONG");
  machine.answer({0, Form::newline}, "PONG");
  machine.answer_line({0, Form::newline}, "PONG");
  EXPECT_EQ(machine.take_output(), "PONG\n");
  EXPECT_TRUE(machine.closing());
}

TEST(ClamdAnswer, IsFormatted) {
  EXPECT_EQ(ok("stream"), "stream: OK");
  EXPECT_EQ(found("fd[11]", "Eicar-Test.UNOFFICIAL"), "fd[11]: Eicar-Test.UNOFFICIAL FOUND");
  EXPECT_EQ(error("/s", reason::access_denied), "/s: Access denied. ERROR");
  EXPECT_EQ(error("/lost+found", reason::no_search),
            "/lost+found: File path check failure: Permission denied. ERROR");
  EXPECT_EQ(error("/dev/null", reason::no_file_type), "/dev/null: Not supported file type ERROR");
  EXPECT_EQ(error("fd[11]", reason::not_regular), "fd[11]: Not a regular file ERROR");
  EXPECT_EQ(error("stream", reason::timed_out), "stream: Exceeded time limit ERROR");
}

}  // namespace
}  // namespace rastel::clamd
