// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/messages.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::pipe {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

Request request() {
  Request all;
  all.kind = RequestKind::queue;
  all.sender = "a@x.example";
  all.recipients = {"b@y.example", "c d", "\"e f\"@y.example"};
  all.client_address = "192.0.2.4";
  all.client_name = "mx.x.example";
  all.client_helo = "x";
  all.user = "anna";
  all.queue_id = "4XyZ";
  all.next = "/usr/bin/procmail";
  return all;
}

TEST(PipeMessages, AreDecodedAsTheyWereEncoded) {
  Request expected = request();
  expected.recipients[1] = "c?d";
  EXPECT_EQ(decode_request(encode(request())), expected);
  const Answer answer{.doing = Doing::changed,
                      .id = "0123456789abcdef",
                      .line = "X-Rastel: clean\r\n",
                      .above = 70'000,
                      .text = "4.3.0 no",
                      .what = "infected (Eicar)"};
  EXPECT_EQ(decode_answer(encode(answer)), answer);
  for (const auto how : {Result::How::exited, Result::How::killed, Result::How::not_started})
    EXPECT_EQ(decode_result(encode(Result{how, 75})), (Result{how, 75}));
  for (const auto kind : {RequestKind::deliver, RequestKind::filter, RequestKind::queue, RequestKind::verdict,
                          RequestKind::passed}) {
    const Request of_kind{.kind = kind};
    EXPECT_EQ(decode_request(encode(of_kind)), of_kind);
  }
  EXPECT_EQ(decode_answer(encode(Answer{})), Answer{});
}

// What stands in docs/deliver.md.
TEST(PipeMessages, AreWhatTheDocumentSays) {
  EXPECT_EQ(encode(Request{.sender = "a@x", .recipients = {"b", "c"}}),
            "K\0\0\0\1dS\0\0\0\3a@xR\0\0\0\1bR\0\0\0\1c"s);
  EXPECT_EQ(encode(Answer{.doing = Doing::pass, .line = "X: y\n", .above = 258}),
            "K\0\0\0\1pL\0\0\0\5X: y\nB\0\0\0\4\0\0\1\2"s);
  EXPECT_EQ(encode(Result{Result::How::killed, 9}), "K\0\0\0\1kC\0\0\0\4\0\0\0\11"s);
}

TEST(PipeMessages, CutAnywhereAreNone) {
  const std::string whole = encode(request());
  std::size_t decoded = 0;
  for (std::size_t length = 0; length < whole.size(); ++length)
    if (const auto cut = decode_request(whole.substr(0, length))) {
      ++decoded;  // between two fields
      EXPECT_NE(*cut, *decode_request(whole));
    }
  EXPECT_LE(decoded, 10U);
  const std::string answer = encode(Answer{.doing = Doing::held, .id = "1"});
  EXPECT_FALSE(decode_answer(answer.substr(0, answer.size() - 1)));
}

TEST(PipeMessages, ThatAreOddAreMalformed) {
  for (const std::string& body :
       {""s, "S\0\0\0\1a"s, "K\0\0\0\1?"s, "K\0\0\0\2dd"s, "K\0\0\0\0"s, "K\0\0\0\1dK\0\0\0\1d"s,
        "K\0\0\0\1dS\0\0\0\1aS\0\0\0\1b"s, "K\0\0\0\1d?\0\0\0\0"s, "K\0\0\0\1dS\0\0\0\5a"s,
        "K\0\0\0\1dS\xff\xff\xff\xff"s, "K\0\0\0\1dR\0\0\0\0"s, "K\0\0\0\1dR\0\0\0\2<>"s,
        "K\0\0\0\1dI\0\0\0\1a"s, "K\0\0\0\1dx"s})
    EXPECT_FALSE(decode_request(body)) << testing::PrintToString(body);
  for (const std::string& body : {"K\0\0\0\1d"s
                                  "L\0\0\0\3a\nb"s,
                                  "K\0\0\0\1dL\0\0\0\4a\nb\n"s, "K\0\0\0\1dL\0\0\0\1a"s,
                                  "K\0\0\0\1dB\0\0\0\1a"s, "K\0\0\0\1dS\0\0\0\1a"s, "K\0\0\0\1e"s})
    EXPECT_FALSE(decode_answer(body)) << testing::PrintToString(body);
  EXPECT_FALSE(decode_result("K\0\0\0\1eC\0\0\0\1a"sv));
  EXPECT_FALSE(decode_result("K\0\0\0\1q"sv));
}

TEST(PipeMessages, HaveBoundsForRecipients) {
  Request many;
  many.recipients.assign(most_recipients, "a");
  EXPECT_TRUE(decode_request(encode(many)));
  many.recipients.emplace_back("a");
  EXPECT_FALSE(decode_request(encode(many)));
}

// A remote sender must neither forge a line of the log, nor a command when held mail is released, nor make
// the message undeliverable.
TEST(PipeMessages, AreMadeFit) {
  EXPECT_EQ(fit_text("a\r\nb\0c\x7f"sv), "a??b?c?");
  EXPECT_EQ(fit_text(std::string(3000, 'x')).size(), longest_text);
  EXPECT_EQ(fit_address("a@x>\r\nDATA"), "a@x???DATA");
  EXPECT_EQ(fit_address("a@x> NOTIFY=NEVER <b"), "a@x??NOTIFY=NEVER??b");
  EXPECT_EQ(fit_address("<a@x>"), "a@x");
  EXPECT_EQ(fit_address("\"a b>\"@x"), "\"a b>\"@x");
  EXPECT_EQ(fit_address("\"a\\\" b>\"@x"), "\"a\\\" b>\"@x");
  EXPECT_EQ(fit_address("\"a b> c@x"), "?a?b??c@x");
  EXPECT_EQ(fit_address("\"a\\\"> b"), "?a\\???b");
  EXPECT_EQ(fit_address("MAILER-DAEMON"), "MAILER-DAEMON");
  EXPECT_EQ(fit_address("h\xc3\xa4ns@x"), "h\xc3\xa4ns@x");
  for (const std::string_view null : {"", "<>", "MAILER-DAEMON", "mailer-daemon", "<>"})
    EXPECT_EQ(fit_sender(null), "");
  EXPECT_EQ(fit_sender("MAILER-DAEMON@x"), "MAILER-DAEMON@x");
}

}  // namespace
}  // namespace rastel::pipe
