// SPDX-License-Identifier: GPL-2.0-only
// Content by DATA and BDAT: where it ends, what is smuggling, what happens when it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace rastel::smtp {
namespace {

using for_test::Talk;
using testing::EndsWith;
using namespace std::string_literals;

const std::string rcpts = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
const std::string not_due = "503 5.5.1 Error: BDAT is not due now\n";
const std::string chunk_taken = "250 2.0.0 Ok: chunk taken\n";
const std::string taken = "end\n250 2.0.0 taken\n";
const std::string noop = "noop\n250 2.0.0 noop\n";
const std::string mail_log = "mail <a@b> [] 0 as MAIL FROM:<a@b>\n250 2.1.0 ok\n";

// What is said behind the accepted RCPT.
std::string after_rcpt(std::string_view bytes, Talk talk = {}, std::string_view hello = "EHLO") {
  const std::string log = rastel::for_test::in_all_pieces(
      std::string(hello) + " c\r\n" + rcpts + std::string(bytes),
      [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
  const std::string last = "250 2.1.5 ok\n";
  const std::size_t end = log.find(last);
  return end == std::string::npos ? "no RCPT reply: " + log : log.substr(end + last.size());
}

// PROTOCOLS A-10: the end-of-data sequences of other servers, all content here.
const std::vector<std::string> variants{"\n.\n", "\n.\r\n", "\r\n.\n",     "\r.\r",         "\r.\n",
                                        "\n.\r", "\r.\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n", "\r\n\0.\r\n"s};

// RFC 5321 4.5.2: a dot at the start of a line is removed, whatever follows it.
std::string without_stuffing(std::string text) {
  for (std::size_t at = 0; (at = text.find("\r\n.", at)) != std::string::npos; at += 2) text.erase(at + 2, 1);
  return text;
}

TEST(ServerContent, SmuggledEndsOfDataAreContent) {
  const std::string smuggled =
      "MAIL FROM:<evil@b>\r\nRCPT TO:<victim@d>\r\nDATA\r\nSubject: smuggled\r\n\r\nhello";
  for (const std::string& variant : variants) {
    const std::string content = "Subject: x\r\n\r\ntext" + variant + smuggled + "\r\n";
    const std::string printed = testing::PrintToString(variant);
    EXPECT_EQ(after_rcpt("DATA\r\n" + content + ".\r\n"),
              "data\n354 go ahead\ncontent " + without_stuffing(content) + "\n" + taken)
        << printed;
    EXPECT_EQ(after_rcpt("BDAT " + std::to_string(content.size()) + " LAST\r\n" + content),
              "data chunked\ncontent " + content + "\n" + taken)
        << printed;
    // As the start of what is sent: the CRLF of the DATA command counts, so only a dot with CRLF is the end.
    if (const std::string first = variant.substr(1); first != ".\r\n") {
      EXPECT_EQ(after_rcpt("DATA\r\n" + first + "x\r\n.\r\n"),
                "data\n354 go ahead\ncontent " +
                    (first[0] == '.' ? first.substr(1) : without_stuffing(first)) + "x\r\n\n" + taken)
          << printed;
    }
  }
}

TEST(ServerContent, ChunksCutAtEachPlaceOfAVariant) {
  for (const std::string& variant : variants) {
    const std::string content = "text" + variant + "more\r\n.\r\n";
    for (std::size_t at = 0; at <= content.size(); ++at)
      EXPECT_EQ(after_rcpt("BDAT " + std::to_string(at) + "\r\n" + content.substr(0, at) + "BDAT " +
                           std::to_string(content.size() - at) + " LAST\r\n" + content.substr(at)),
                "data chunked\n" + (at > 0 ? "content " + content.substr(0, at) + "\n" : "") + chunk_taken +
                    (at < content.size() ? "content " + content.substr(at) + "\n" : "") + taken);
  }
}

TEST(ServerContent, DotsAtLineStarts) {
  const auto says = [](const std::string& content) {
    return "data\n354 go ahead\n" + (content.empty() ? "" : "content " + content + "\n") + taken;
  };
  EXPECT_EQ(after_rcpt("DATA\r\n.\r\n"), says(""));
  EXPECT_EQ(after_rcpt("DATA\r\n..\r\n.\r\n"), says(".\r\n"));
  EXPECT_EQ(after_rcpt("DATA\r\n...a\r\n.b\r\nc.\r\n.\r\n"), says("..a\r\nb\r\nc.\r\n"));
  EXPECT_EQ(after_rcpt("DATA\r\n\r\n.\r\n"), says("\r\n"));
  EXPECT_EQ(after_rcpt("DATA\r\n.\r.\r\n.\r\n"), says("\r.\r\n"));
  EXPECT_EQ(after_rcpt("DATA\r\n.\r\r\n.\r\n"), says("\r\r\n"));
}

TEST(ServerContent, CommandsBehindTheEndAreCommands) {
  EXPECT_EQ(after_rcpt("DATA\r\nx\r\n.\r\nNOOP\r\nMAIL FROM:<a@b>\r\n"),
            "data\n354 go ahead\ncontent x\r\n\n" + taken + noop + mail_log);
}

TEST(ServerContent, DataRefusedMeansCommandsFollow) {
  for (const int code : {451, 452, 503, 554}) {
    Talk talk;
    talk.data = Reply(code, "no");
    EXPECT_EQ(after_rcpt("DATA\r\nNOOP\r\n.\r\nRCPT TO:<c@d>\r\n", talk),
              "data\n" + std::to_string(code) + " no\n" + noop +
                  "502 5.5.1 Error: command not implemented\n503 5.5.1 Error: need MAIL command\n");
  }
  Talk wrong;
  wrong.data = {250, "queued already"};
  EXPECT_EQ(after_rcpt("DATA\r\nNOOP\r\n", wrong),
            "data\n451 4.3.0 Error: the next hop's answer can't be passed on\n" + noop);
}

// PROTOCOLS A-20, row by row.
TEST(ServerContent, Bdat) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"BDAT 3\r\nabcBDAT 3 LAST\r\nNOOMAIL FROM:<a@b>\r\n",
       "data chunked\ncontent abc\n" + chunk_taken + "content NOO\n" + taken + mail_log},
      {"BDAT 0 LAST\r\n", "data chunked\n" + taken},
      {"BDAT 3\r\nabcBDAT 0 LAST\r\n", "data chunked\ncontent abc\n" + chunk_taken + taken},
      {"BDAT 0\r\nBDAT 1 last\r\nx", "data chunked\n" + chunk_taken + "content x\n" + taken},
      {"BDAT  3   LAST  \r\nabc", "data chunked\ncontent abc\n" + taken},
      {"BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", "data chunked\ncontent NOOP\r\n\n" + taken + noop},
      {"BDAT 5 LAST\r\n\0\r\n.\xff"s, "data chunked\ncontent \0\r\n.\xff\n"s + taken},
      // DATA after BDAT, RCPT after BDAT: 503, the message can still be finished.
      {"BDAT 3\r\nabcDATA\r\nBDAT 0 LAST\r\n",
       "data chunked\ncontent abc\n" + chunk_taken + "503 5.5.1 Error: DATA is not due now\n" + taken},
      {"BDAT 3\r\nabcRCPT TO:<c@d>\r\nBDAT 0 LAST\r\n",
       "data chunked\ncontent abc\n" + chunk_taken + "503 5.5.1 Error: need MAIL command\n" + taken},
      {"BDAT 3\r\nabcRSET\r\nBDAT 2 LAST\r\nxyNOOP\r\n",
       "data chunked\ncontent abc\n" + chunk_taken + "reset\n250 2.0.0 reset\n" + not_due + noop},
      // The state is reset behind a message.
      {"BDAT 1 LAST\r\naBDAT 2 LAST\r\nxyNOOP\r\n", "data chunked\ncontent a\n" + taken + not_due + noop},
      {"BDAT 1 LAST\r\na" + rcpts + "DATA\r\nb\r\n.\r\n",
       "data chunked\ncontent a\n" + taken + mail_log +
           "rcpt <c@d> [] as RCPT TO:<c@d>\n250 2.1.5 ok\ndata\n354 go ahead\ncontent b\r\n\n" + taken},
  };
  for (const auto& [bytes, says] : rows) EXPECT_EQ(after_rcpt(bytes), says) << bytes;
}

TEST(ServerContent, BdatOutOfSequenceSwallowsItsOctets) {
  Talk talk;
  const auto log = [&](const std::string& bytes) {
    return rastel::for_test::in_all_pieces(
        bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
  };
  EXPECT_EQ(log("BDAT 6\r\nNOOP\r\nNOOP\r\n"), "503 5.5.1 Error: CHUNKING was not offered\n" + noop);
  EXPECT_THAT(log("EHLO c\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"), EndsWith(not_due + noop));
  EXPECT_THAT(log("EHLO c\r\nMAIL FROM:<a@b>\r\nBDAT 6 LAST\r\nQUIT\r\nRCPT TO:<c@d>\r\n"),
              EndsWith(not_due + "rcpt <c@d> [] as RCPT TO:<c@d>\n250 2.1.5 ok\n"));
  // Where it was not offered the transaction goes on: DATA is still due.
  EXPECT_EQ(after_rcpt("BDAT 2 LAST\r\nxyDATA\r\nz\r\n.\r\n", {}, "HELO"),
            "503 5.5.1 Error: CHUNKING was not offered\ndata\n354 go ahead\ncontent z\r\n\n" + taken);
}

TEST(ServerContent, ABdatThatCannotBeReadEndsTheSession) {
  for (const std::string size :
       {"", "-1", "+1", "x", "1x", "1 LASTS", "LAST", "0x10", "1 2", "1099511627777", "18446744073709551615",
        "18446744073709551616", "18446744073709551617 LAST", "99999999999999999999999999999999999999"})
    EXPECT_EQ(after_rcpt("BDAT " + size + "\r\nNOOP\r\n"), "501 5.5.4 Error: BDAT size [LAST]\nclose\n")
        << size;
}

TEST(ServerContent, ARefusedChunkSpoilsTheFollowingUntilRset) {
  Talk talk;
  talk.refuse_beyond = 2;
  const std::string full = "452 4.3.1 full\n";
  EXPECT_EQ(after_rcpt("BDAT 5\r\nabcdeBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nMAIL "
                       "FROM:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\n",
                       talk),
            "data chunked\n" + full + not_due + not_due +
                "503 5.5.1 Error: MAIL is not due now\nreset\n250 2.0.0 reset\n" + mail_log);
  // With the last chunk the transaction is over either way.
  EXPECT_EQ(after_rcpt("BDAT 5 LAST\r\nabcdeMAIL FROM:<a@b>\r\n", talk), "data chunked\n" + full + mail_log);
  // Refused from the start: the octets are read, the refusal said behind them.
  talk.data = {451, "4.3.2 no"};
  EXPECT_EQ(after_rcpt("BDAT 6\r\nQUIT\r\nBDAT 0 LAST\r\nNOOP\r\n", talk),
            "data chunked\n451 4.3.2 no\n" + not_due + noop);
  EXPECT_EQ(after_rcpt("BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b>\r\n", talk),
            "data chunked\n451 4.3.2 no\n" + mail_log);
  talk.data = {421, "4.3.2 going"};
  EXPECT_EQ(after_rcpt("BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b>\r\n", talk),
            "data chunked\n421 4.3.2 going\nclose\n");
}

TEST(ServerContent, ContentRefusedInTheMiddleIsReadToItsEnd) {
  Talk talk;
  talk.refuse_beyond = 2;
  EXPECT_EQ(after_rcpt("DATA\r\nabcde\r\nQUIT\r\n.\r\nMAIL FROM:<a@b>\r\n", talk),
            "data\n354 go ahead\n452 4.3.1 full\n" + mail_log);
}

// PROTOCOLS A-13. What counts as sent ahead depends on when it arrives, so this is given whole only.
TEST(ServerContent, BytesBehindTheEndWithoutPipeliningAreAViolation) {
  Talk talk;
  const std::string smuggled = "MAIL FROM:<evil@b>\r\n";
  const auto whole = [&](const std::string& bytes) { return talk.run({bytes}); };
  EXPECT_THAT(whole("HELO c\r\n" + rcpts + "DATA\r\nx\r\n.\r\n" + smuggled),
              EndsWith("content x\r\n\nviolation\n554 5.5.0 violation\nclose\n"));
  talk.refuse_beyond = 0;
  EXPECT_THAT(whole("HELO c\r\n" + rcpts + "DATA\r\nx\r\n.\r\n" + smuggled),
              EndsWith("violation\n554 5.5.0 violation\nclose\n"));
  talk.refuse_beyond = SIZE_MAX;
  talk.keywords = {};
  talk.keywords.set("CHUNKING");
  EXPECT_THAT(whole("EHLO c\r\n" + rcpts + "BDAT 1 LAST\r\nx" + smuggled),
              EndsWith("violation\n554 5.5.0 violation\nclose\n"));
  EXPECT_THAT(whole("EHLO c\r\n" + rcpts + "BDAT 1 LAST\r\nx"), EndsWith(taken));
  EXPECT_THAT(whole("HELO c\r\n" + rcpts + "DATA\r\nx\r\n.\r\n"), EndsWith(taken));
}

// RFC 2033 4.2: a reply a recipient, behind the dot and behind BDAT LAST, even for identical addresses.
TEST(ServerContent, LmtpRepliesToEachRecipient) {
  Talk talk;
  talk.options.protocol = Protocol::lmtp;
  const std::string three = "RCPT TO:<c@d>\r\nRCPT TO:<refused@d>\r\nRCPT TO:<x@y>\r\n";
  const std::string replies =
      "end\n250 2.0.0 first\n451 4.0.0 second\n451 4.3.0 Error: no answer for this recipient\n";
  EXPECT_THAT(after_rcpt(three + "DATA\r\nx\r\n.\r\nNOOP\r\n", talk, "LHLO"),
              EndsWith("content x\r\n\n" + replies + noop));
  EXPECT_THAT(after_rcpt(three + "BDAT 1 LAST\r\nxNOOP\r\n", talk, "LHLO"),
              EndsWith("content x\n" + replies + noop));
  EXPECT_EQ(after_rcpt("DATA\r\n.\r\n", talk, "LHLO"), "data\n354 go ahead\n" + taken);
  // One refusal of the content is said to each.
  talk.refuse_beyond = 0;
  EXPECT_THAT(after_rcpt(three + "DATA\r\nx\r\n.\r\nNOOP\r\n", talk, "LHLO"),
              EndsWith("354 go ahead\n452 4.3.1 full\n452 4.3.1 full\n452 4.3.1 full\n" + noop));
  EXPECT_THAT(after_rcpt(three + "BDAT 1 LAST\r\nxNOOP\r\n", talk, "LHLO"),
              EndsWith("data chunked\n452 4.3.1 full\n452 4.3.1 full\n452 4.3.1 full\n" + noop));
  // A chunk that isn't the last has one reply.
  EXPECT_THAT(after_rcpt(three + "BDAT 1\r\nxNOOP\r\n", talk, "LHLO"),
              EndsWith("data chunked\n452 4.3.1 full\n" + noop));
}

TEST(ServerContent, OneAnswerInLmtpIsForAll) {
  ServerMachine machine({.protocol = Protocol::lmtp});
  machine.receive("LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n.\r\n");
  ASSERT_TRUE(machine.next());
  machine.answer_hello("mx", for_test::all_keywords());
  for (const int code : {250, 250, 250, 354}) {
    ASSERT_TRUE(machine.next());
    machine.answer({code, "ok"});
  }
  ASSERT_TRUE(std::holds_alternative<event::EndOfContent>(*machine.next()));
  EXPECT_EQ(machine.recipients(), 2U);
  (void)machine.take_output();
  machine.answer({451, "4.3.0 no"});
  EXPECT_EQ(machine.take_output(), "451 4.3.0 no\r\n451 4.3.0 no\r\n");
  EXPECT_TRUE(machine.at_rest());
}

TEST(ServerContent, LongLinesAndLargeChunksPassThrough) {
  ServerMachine machine({});
  machine.receive("EHLO c\r\n" + rcpts + "DATA\r\n");
  ASSERT_TRUE(machine.next());
  machine.answer_hello("mx", for_test::all_keywords());
  for (const int code : {250, 250, 354}) {
    ASSERT_TRUE(machine.next());
    machine.answer({code, "ok"});
  }
  const std::string line(5'000'000, 'y');
  std::size_t octets = 0;
  for (const std::string_view piece : rastel::for_test::random_pieces(line, 1, 65536)) {
    machine.receive(piece);
    while (const auto event = machine.next()) octets += std::get<event::Content>(*event).bytes.size();
  }
  EXPECT_EQ(octets, line.size());
  EXPECT_TRUE(machine.receiving_content());
}

}  // namespace
}  // namespace rastel::smtp
