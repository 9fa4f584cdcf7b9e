// SPDX-License-Identifier: GPL-2.0-only
// Sessions, streams and descriptors. The answers are those of Debian's clamd 1.4.6 (StreamMaxLength 1000),
// letter by letter, where no comment says otherwise (docs/clamd.md).
#include <gtest/gtest.h>

#include "protocol/clamd/server_said_for_test.hpp"

namespace rastel::clamd {
namespace {

using for_test::chunk;
using for_test::ending;
using for_test::events;
using for_test::Owner;
using for_test::said;
using for_test::Talk;
using namespace std::string_literals;

const std::string session = "zIDSESSION\0"s;
const std::string instream = "zINSTREAM\0"s;
const std::string end = chunk("");
const std::string eicar =
    "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
    "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

// A descriptor comes with the octet behind each `|` of `bytes`; said() of what is left of it.
std::string said_with_descriptors(std::string_view marked, std::string* what_happened = nullptr) {
  Talk talk;
  std::string bytes;
  for (const char octet : marked)
    if (octet == '|')
      talk.descriptors.push_back(bytes.size());
    else
      bytes += octet;
  if (what_happened != nullptr) *what_happened = events(bytes, talk);
  return said(bytes, talk);
}

TEST(ClamdStream, IsScanned) {
  EXPECT_EQ(said(instream + chunk("hello") + end), "stream: OK^@[close]");
  EXPECT_EQ(said("nINSTREAM\n" + chunk("hello") + end), "stream: OK\n[close]");
  EXPECT_EQ(said(instream + chunk(eicar) + end), "stream: Eicar-Test.UNOFFICIAL FOUND^@[close]");
  EXPECT_EQ(said(instream + chunk(eicar.substr(0, 20)) + chunk(eicar.substr(20)) + end),
            "stream: Eicar-Test.UNOFFICIAL FOUND^@[close]");
  EXPECT_EQ(events(instream + chunk("a\0b"s) + chunk("\n") + end), "stream, content <a\0b\n>"s);
}

TEST(ClamdStream, MayBeEmpty) {
  EXPECT_EQ(said(instream + end), "stream: OK^@[close]");
  EXPECT_EQ(events(instream + end), "stream, content <>");
}

TEST(ClamdStream, BehindItNothingIsLookedAt) {
  EXPECT_EQ(said(instream + chunk("hello") + end + "zPING\0"s), "stream: OK^@[close]");
  EXPECT_EQ(said(instream + chunk(eicar) + end + "x"), "stream: Eicar-Test.UNOFFICIAL FOUND^@[close]");
}

TEST(ClamdStream, HasALimit) {
  EXPECT_EQ(said(instream + chunk(std::string(1000, 'x')) + end), "stream: OK^@[close]");
  EXPECT_EQ(said(instream + chunk(std::string(1001, 'x')) + end),
            "INSTREAM size limit exceeded. ERROR^@[close]");
  EXPECT_EQ(said("nINSTREAM\n" + chunk(std::string(1001, 'x')) + end),
            "INSTREAM size limit exceeded. ERROR\n[close]");
  EXPECT_EQ(said(instream + chunk(std::string(600, 'x')) + chunk(std::string(400, 'y')) + end),
            "stream: OK^@[close]");
  EXPECT_EQ(said(instream + chunk(std::string(600, 'x')) + chunk(std::string(401, 'y')) + end),
            "INSTREAM size limit exceeded. ERROR^@[close]");
  EXPECT_EQ(said(instream + chunk(std::string(1000, 'x')) + chunk("y") + end),
            "INSTREAM size limit exceeded. ERROR^@[close]");
}

TEST(ClamdStream, IsRefusedByWhatIsAnnounced) {
  EXPECT_EQ(said(instream + "\0\0\x03\xe9"s), "INSTREAM size limit exceeded. ERROR^@[close]");
  EXPECT_EQ(said(instream + "\xff\xff\xff\xff"), "INSTREAM size limit exceeded. ERROR^@[close]");
  EXPECT_EQ(events(instream + "\xff\xff\xff\xff"), "stream, refused: stream too long");
  Talk large;
  large.options.most_stream = 1ULL << 40U;
  EXPECT_EQ(said(instream + "\xff\xff\xff\xff" + "x", large), "");
}

TEST(ClamdStream, CutShortGetsNoAnswer) {
  for (const std::string& part : {"\0\0"s, chunk("hello").substr(0, 6), chunk("hello")}) {
    EXPECT_EQ(said(instream + part, ending()), "[close]");
    EXPECT_EQ(events(instream + part, ending()), "stream");
  }
  EXPECT_EQ(said(session + "zPING\0"s + instream + chunk("hello"), ending()), "1: PONG^@[close]");
}

TEST(ClamdStream, TheOwnerMayRefuseIt) {
  Talk talk;
  talk.refuse_stream_beyond = 4;
  EXPECT_EQ(said(instream + chunk("hello") + end, talk), "Error writing to temporary file ERROR^@[close]");
  EXPECT_EQ(said(session + "zPING\0"s + instream + chunk("hello") + end, talk),
            "1: PONG^@2: Error writing to temporary file ERROR^@[close]");
  EXPECT_EQ(events(instream + chunk("hello"), talk), "stream, refused: stream refused");
  EXPECT_FALSE(ServerMachine({}).refuse_stream("there is none"));
}

TEST(ClamdSession, NumbersItsAnswers) {
  EXPECT_EQ(said(session + "zPING\0zEND\0"s), "1: PONG^@[close]");
  EXPECT_EQ(said(session + "nPING\nnVERSION\nzPING\0nEND\n"s), "1: PONG\n2: ClamAV 1.4.6\n3: PONG^@[close]");
  EXPECT_EQ(said(session + "zSTATS\0zEND\0"s), "1: POOLS: 1\n\nEND^@[close]");
  EXPECT_EQ(said("nIDSESSION\nnVERSIONCOMMANDS\n").substr(0, 27), "1: ClamAV 1.4.6| COMMANDS: ");
  EXPECT_EQ(said(session + "zSCAN /tree/a_clean\0nSCAN /b_eicar\nzSCAN /nope\0zEND\0"s),
            "1: /tree/a_clean: OK^@2: /b_eicar: Eicar-Test.UNOFFICIAL FOUND\n"
            "3: /nope: File path check failure: No such file or directory. ERROR^@[close]");
  EXPECT_EQ(
      said(session + instream + chunk("hello") + end + instream + chunk(eicar) + end + "zPING\0zEND\0"s),
      "1: stream: OK^@2: stream: Eicar-Test.UNOFFICIAL FOUND^@3: PONG^@[close]");
  EXPECT_EQ(said(session + "nINSTREAM\n" + chunk("x") + end + "zEND\0"s), "1: stream: OK\n[close]");
  EXPECT_EQ(said(session + "zPING\0"s + instream + chunk(std::string(1001, 'x')) + end),
            "1: PONG^@2: INSTREAM size limit exceeded. ERROR^@[close]");
}

TEST(ClamdSession, TheLimitIsForEachStream) {
  const std::string stream = instream + chunk(std::string(1000, 'x')) + end;
  EXPECT_EQ(said(session + stream + stream + "zEND\0"s), "1: stream: OK^@2: stream: OK^@[close]");
}

TEST(ClamdSession, EndsWithEndOrTheClient) {
  EXPECT_EQ(said(session + "zEND\0zPING\0"s), "[close]");
  EXPECT_EQ(events(session + "zEND\0zPING\0"s), "session, session ends");
  EXPECT_EQ(said(session + "zPING\0"s), "1: PONG^@");
  EXPECT_EQ(said(session + "zPING\0"s, ending()), "1: PONG^@[close]");
  EXPECT_EQ(said(session + instream + chunk("hello") + end, ending()), "1: stream: OK^@[close]");
  EXPECT_EQ(said(session + "zPI", ending()), "[close]");
}

TEST(ClamdSession, RefusesWhatIsNotForSessions) {
  for (const std::string command :
       {"nope", "", "IDSESSION", "RELOAD", "SHUTDOWN", "QUIT", "CONTSCAN /tree", "MULTISCAN /tree",
        "ALLMATCHSCAN /tree", "INSTREAM x", "SCAN", "DETSTATS"}) {
    EXPECT_EQ(said(session + "z" + command + "\0zPING\0"s),
              "1: Command invalid inside IDSESSION. ERROR^@[close]")
        << command;
    EXPECT_EQ(said(session + "zPING\0n"s + command + "\nzPING\0"s),
              "1: PONG^@2: Command invalid inside IDSESSION. ERROR\n[close]")
        << command;
  }
  Talk stranger;
  stranger.options = {};
  EXPECT_EQ(said(session + "zSCAN /a\0"s, stranger),
            "1: /a: SCAN command disabled by configuration. ERROR^@[close]");
}

// clamd says "Error processing command. ERROR" behind it, and nothing at all if it came in one packet with
// what was before.
TEST(ClamdSession, WantsPrefixes) {
  EXPECT_EQ(said(session + "PING\n"),
            "1: Only nCMDS\\n and zCMDS\\0 are accepted inside IDSESSION. ERROR^@[close]");
  EXPECT_EQ(said("nIDSESSION\nPING\n"),
            "1: Only nCMDS\\n and zCMDS\\0 are accepted inside IDSESSION. ERROR\n[close]");
}

// clamd loses step: it takes what is left of CR LF for the next command.
TEST(ClamdSession, TakesCrLf) {
  EXPECT_EQ(said("nIDSESSION\r\nnPING\r\nnPING\r\nnEND\r\n"), "1: PONG\n2: PONG\n[close]");
}

TEST(ClamdSession, ACommandThatIsTooLongEndsIt) {
  EXPECT_EQ(said(session + "zPING\0z"s + std::string(5000, 'a') + "\0zPING\0"s), "1: PONG^@[close]");
  EXPECT_EQ(said(session + "zPING\0z"s + std::string(4102, 'a')), "1: PONG^@");
}

TEST(ClamdSession, OneCommandAtATimeUnlessTheOwnerTakesMore) {
  Talk talk;
  talk.owner = Owner::late;
  EXPECT_EQ(said(session + "zPING\0zPING\0zPING\0zEND\0"s, talk), "1: PONG^@2: PONG^@3: PONG^@[close]");
  talk.options.most_unanswered = 2;
  EXPECT_EQ(said(session + "zPING\0zPING\0zPING\0zEND\0"s, talk), "2: PONG^@3: PONG^@1: PONG^@[close]");
  (void)talk.run({session + "zPING\0zPING\0zPING\0zPING\0"s});
  EXPECT_EQ(talk.most_unanswered(), 2U);
}

TEST(ClamdSession, WhatIsUnansweredIsAnsweredBehindItsEnd) {
  Talk talk;
  talk.owner = Owner::late;
  talk.options.most_unanswered = 9;
  EXPECT_EQ(said(session + "zSCAN /a\0zEND\0"s, talk), "1: /a: OK^@[close]");
  EXPECT_EQ(said(session + "zSCAN /a\0"s + instream + "\xff\xff\xff\xff", talk),
            "2: INSTREAM size limit exceeded. ERROR^@1: /a: OK^@[close]");
  EXPECT_EQ(said(session + "zSCAN /a\0znope\0"s, talk),
            "2: Command invalid inside IDSESSION. ERROR^@1: /a: OK^@[close]");
}

TEST(ClamdSession, TellsWhenToReceiveAndWhenToFlush) {
  ServerMachine machine({});
  EXPECT_TRUE(machine.wants_input());
  machine.receive(session + "zPING\0zPING\0"s);
  EXPECT_TRUE(std::holds_alternative<event::SessionBegins>(*machine.next()));
  EXPECT_TRUE(std::holds_alternative<event::Ping>(*machine.next()));
  EXPECT_FALSE(machine.next());
  EXPECT_FALSE(machine.wants_input());
  machine.answer_line({1, Form::null}, std::string(20000, 'x'));
  EXPECT_TRUE(machine.wants_flush());
  machine.answer({1, Form::null}, "PONG");
  EXPECT_TRUE(machine.wants_input());
  EXPECT_TRUE(std::holds_alternative<event::Ping>(*machine.next()));
  machine.stop();
  EXPECT_FALSE(machine.closing());
  machine.answer({2, Form::null}, "PONG");
  EXPECT_TRUE(machine.closing());
}

TEST(ClamdSession, KeepsNothingOfAStream) {
  ServerMachine machine({});
  machine.receive(instream + "\x01\0\0\0"s);
  for (int i = 0; i < 100; ++i) {
    while (machine.next()) {
    }
    machine.receive(std::string(1000, 'x'));
  }
  EXPECT_LT(machine.held_for_test(), 5000U);
}

// clamd wants the descriptor with the octet behind FILDES, or with all of the command at once; here it may
// come with any octet of it, as the kernel doesn't keep to packets.
TEST(ClamdDescriptor, ComesWithAnyOctetOfTheCommand) {
  std::string what_happened;
  EXPECT_EQ(said_with_descriptors("|zFILDES\0x"s, &what_happened), "fd[11]: OK^@[close]");
  EXPECT_EQ(what_happened, "scan descriptor");
  EXPECT_EQ(said_with_descriptors("zFILDES\0|\0"s), "fd[11]: OK^@[close]");
  EXPECT_EQ(said_with_descriptors("zFIL|DES\0x"s), "fd[11]: OK^@[close]");
  EXPECT_EQ(said_with_descriptors("|nFILDES\n\0"s), "fd[11]: OK\n[close]");
  EXPECT_EQ(said_with_descriptors("FILDES\n|x"), "fd[11]: OK\n[close]");
  EXPECT_EQ(said_with_descriptors("|FILDES\nx"), "fd[11]: OK\n[close]");
}

TEST(ClamdDescriptor, WaitsForItsOctet) {
  EXPECT_EQ(said("zFILDES\0"s), "");
  EXPECT_EQ(said("FILDES\n"), "");
}

TEST(ClamdDescriptor, IsMissed) {
  EXPECT_EQ(said("zFILDES\0x"s), "No file descriptor received. ERROR^@[close]");
  EXPECT_EQ(said("nFILDES\nx"), "No file descriptor received. ERROR\n[close]");
  EXPECT_EQ(said(session + "zPING\0zFILDES\0xzPING\0"s),
            "1: PONG^@2: No file descriptor received. ERROR^@[close]");
  EXPECT_EQ(events("zFILDES\0x"s), "refused: no descriptor");
}

TEST(ClamdDescriptor, OneForEachCommandOfASession) {
  EXPECT_EQ(said_with_descriptors(session + "|zFILDES\0xnFILDES\n|xzPING\0zEND\0"s),
            "1: fd[11]: OK^@2: fd[11]: OK\n3: PONG^@[close]");
  EXPECT_EQ(said_with_descriptors(session + "|zFILDES\0xzPING\0zEND\0"s), "1: fd[11]: OK^@2: PONG^@[close]");
  EXPECT_EQ(said_with_descriptors(session + "|zFILDES\0xzFILDES\0x"s),
            "1: fd[11]: OK^@2: No file descriptor received. ERROR^@[close]");
}

// As clamdscan --multiscan --fdpass sends it: the kernel tells the descriptor with all three.
TEST(ClamdDescriptor, MayBeToldWithWhatCameBefore) {
  Talk talk;
  talk.descriptors = {0};
  EXPECT_EQ(talk.run({session + "zFILDES\0\0"s}), "1: fd[11]: OK^@");
}

// clamd says "Error processing command. ERROR" behind it.
TEST(ClamdDescriptor, ThatNobodyAskedForEndsIt) {
  Talk talk;
  talk.descriptors = {session.size()};
  const std::string ping = session + "zPING\0"s;
  const auto run = [&](std::string_view first, std::string_view second) {
    const std::string said = talk.run({first, second});
    return said + " " + talk.events();
  };
  EXPECT_EQ(run(ping, "zFILDES\0x"s),
            "1: PONG^@2: PROTOCOL ERROR: ancillary data sent without FILDES. ERROR^@[close] "
            "session, ping, refused: stray descriptor")
      << "or the next FILDES would be answered with another file's verdict";
  talk.descriptors = {instream.size()};
  EXPECT_EQ(run(instream, chunk("x") + end),
            "PROTOCOL ERROR: ancillary data sent without FILDES. ERROR^@[close] stream, refused: stray "
            "descriptor");
  talk.descriptors = {session.size(), session.size() + 4};
  EXPECT_EQ(run(session + "zFIL", "DES\0x"s),
            "1: fd[11]: OK^@2: PROTOCOL ERROR: ancillary data sent without FILDES. ERROR^@[close] "
            "session, scan descriptor, refused: stray descriptor");
  talk.descriptors = {0};
  EXPECT_EQ(run("zPING\0"s, ""), "PONG^@[close] ping") << "it doesn't matter any more";
  talk.descriptors = {0, 1, 2};
  EXPECT_EQ(talk.run({"z", "F", "I", "L"}),
            "PROTOCOL ERROR: ancillary data sent without FILDES. ERROR^@[close]")
      << "or a client could fill our table of files";
}

}  // namespace
}  // namespace rastel::clamd
