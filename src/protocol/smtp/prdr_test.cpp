// SPDX-License-Identifier: GPL-2.0-only
// PRDR (draft-hall-prdr-00, as Exim speaks it): a reply a recipient in SMTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace rastel::smtp {
namespace {

using for_test::Talk;
using testing::HasSubstr;
using testing::Not;

Talk with_prdr() {
  Talk talk;
  talk.keywords.set("PRDR");
  return talk;
}

std::string run(Talk& talk, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(
      "EHLO c\r\n" + std::string(bytes),
      [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
}

constexpr std::string_view two =
    "RCPT TO:<a@x>\r\nRCPT TO:<refused@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n";

TEST(Prdr, EachAcceptedRecipientIsAnsweredBetween353AndALastReply) {
  Talk talk = with_prdr();
  EXPECT_THAT(
      run(talk, "MAIL FROM:<s@y> PRDR\r\n" + std::string(two)),
      HasSubstr("end\n353 One reply a recipient follows, and one for all\n250 2.0.0 first\n451 4.0.0 second\n"
                "250 2.0.0 Ok: as said for each recipient\nnoop\n"));
  talk.each = {{554, "5.7.1 one"}, {451, "4.0.0 two"}};
  EXPECT_THAT(
      run(talk, "MAIL FROM:<s@y> PRDR\r\n" + std::string(two)),
      HasSubstr("554 5.7.1 one\n451 4.0.0 two\n451 4.7.1 Taken for no recipient, try again later\nnoop\n"));
  talk.each = {{554, "5.7.1 one"}, {550, "5.7.1 two"}};
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> PRDR\r\n" + std::string(two)),
              HasSubstr("554 5.7.1 one\n550 5.7.1 two\n554 5.7.1 Refused for every recipient\nnoop\n"));
  talk.each = {{250, "2.0.0 one"}};
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> PRDR\r\n" + std::string(two)),
              HasSubstr("250 2.0.0 one\n451 4.3.0 Error: no answer for this recipient\n250 2.0.0 Ok"));
}

TEST(Prdr, WithChunksToo) {
  Talk talk = with_prdr();
  EXPECT_THAT(
      run(talk, "MAIL FROM:<s@y> PRDR\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nBDAT 3 LAST\r\nx\r\nNOOP\r\n"),
      HasSubstr(
          "end\n353 One reply a recipient follows, and one for all\n250 2.0.0 first\n451 4.0.0 second\n"));
}

TEST(Prdr, OneRecipientOrNoSuchWishHasOneReply) {
  Talk talk = with_prdr();
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> PRDR\r\nRCPT TO:<a@x>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n"),
              HasSubstr("end\n250 2.0.0 taken\nnoop\n"));
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y>\r\n" + std::string(two)), HasSubstr("end\n250 2.0.0 taken\nnoop\n"));
  // It is a message's wish, not a session's.
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> PRDR\r\nRSET\r\nMAIL FROM:<s@y>\r\n" + std::string(two)),
              HasSubstr("end\n250 2.0.0 taken\nnoop\n"));
}

TEST(Prdr, AMessageThatIsRefusedAsAWholeHasOneReply) {
  Talk talk = with_prdr();
  talk.refuse_beyond = 10;
  EXPECT_THAT(run(talk,
                  "MAIL FROM:<s@y> PRDR\r\nRCPT TO:<a@x>\r\nRCPT "
                  "TO:<b@x>\r\nDATA\r\n0123456789abcdef\r\n.\r\nNOOP\r\n"),
              testing::AllOf(HasSubstr("452 4.3.1 full\nnoop\n"), Not(HasSubstr("353"))));
}

TEST(Prdr, TheNextHopNeverHearsOfIt) {
  Talk talk = with_prdr();
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> SIZE=5 prdr  BODY=8BITMIME \r\n"),
              HasSubstr("mail <s@y> [SIZE=5 BODY=8BITMIME] 5 as MAIL FROM:<s@y> SIZE=5 BODY=8BITMIME\n"));
  EXPECT_THAT(run(talk, "mail from: <\"PRDR PRDR\"@y>   PRDR\r\n"),
              HasSubstr("[] 0 as mail from: <\"PRDR PRDR\"@y>\n"));
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> PRDR=1\r\n"), HasSubstr("501 5.5.4 Error: PRDR has no value"));
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y> PRDR PRDR\r\n"), HasSubstr("501 5.1.7"));
  EXPECT_THAT(run(talk, "MAIL FROM:<s@y>\r\nRCPT TO:<a@b> PRDR\r\n"), HasSubstr("555 5.5.4"));
  Talk without;
  EXPECT_THAT(run(without, "MAIL FROM:<s@y> PRDR\r\n"), HasSubstr("555 5.5.4"));
}

}  // namespace
}  // namespace rastel::smtp
