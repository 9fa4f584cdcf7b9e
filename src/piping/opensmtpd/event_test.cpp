// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/event.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"

namespace rastel::piping::opensmtpd {
namespace {

using Kind = EventKind;

struct Expected {
  Kind kind;
  std::string_view value, more, token;
};

void expect(std::string_view line, const Expected& expected) {
  const Event event = parse_event(line);
  EXPECT_EQ(event.kind, expected.kind) << line;
  EXPECT_EQ(event.value, expected.value) << line;
  EXPECT_EQ(event.more, expected.more) << line;
  EXPECT_EQ(event.token, expected.token) << line;
  const bool of_a_session = event.kind != Kind::ready && event.kind != Kind::other;
  EXPECT_TRUE(!of_a_session || event.session == "98801c06753b24a4") << line;
}

void expect_report(const std::string& rest, const Expected& expected, const std::string& version = "0.6") {
  expect("report|" + version + "|1795978668.375207|smtp-in|" + rest, expected);
}

// As OpenSMTPD 6.8.0p2 wrote them.
TEST(OpensmtpdEvent, OfAConnection) {
  expect("config|ready", {Kind::ready, {}, {}, {}});
  expect_report("link-connect|98801c06753b24a4|<unknown>|fail|10.99.0.1:56060|0.0.0.0:2501",
                {Kind::connected, "10.99.0.1", {}, {}});
  expect_report("link-connect|98801c06753b24a4|a.example|pass|[2001:db8::1]:56060|[::]:25",
                {Kind::connected, "2001:db8::1", "a.example", {}});
  expect_report("link-connect|98801c06753b24a4|a|b|pass|IPv6:::1:56060|[::]:25",
                {Kind::connected, "::1", "a|b", {}});
  expect_report("link-connect|98801c06753b24a4|localhost|pass|unix:/run/smtpd.sock|unix:/run/smtpd.sock",
                {Kind::connected, {}, "localhost", {}});
  expect_report("link-identify|98801c06753b24a4|EHLO|me.you|x", {Kind::identified, "me.you|x", {}, {}});
  expect_report("link-disconnect|98801c06753b24a4", {Kind::disconnected, {}, {}, {}});
}

TEST(OpensmtpdEvent, OfALogin) {
  expect_report("link-auth|98801c06753b24a4|joe|pass", {Kind::logged_in, "joe", {}, {}});
  // Nobody logs in by what he calls himself.
  expect_report("link-auth|98801c06753b24a4|pass|fail", {Kind::other, "pass", {}, {}});
  expect_report("link-auth|98801c06753b24a4|pass|joe|x", {Kind::logged_in, "joe|x", {}, {}}, "0.7");
  expect_report("link-auth|98801c06753b24a4|fail|x|pass", {Kind::other, "x|pass", {}, {}}, "0.7");
}

TEST(OpensmtpdEvent, OfATransaction) {
  expect_report("tx-begin|98801c06753b24a4|4fc80719", {Kind::begun, "4fc80719", {}, {}});
  expect_report("tx-mail|98801c06753b24a4|4fc80719|ok|a|b@x.example",
                {Kind::sender, "a|b@x.example", {}, {}});
  expect_report("tx-mail|98801c06753b24a4|4fc80719|ok|", {Kind::sender, {}, {}, {}});
  expect_report("tx-rcpt|98801c06753b24a4|4fc80719|ok|c@lab.test", {Kind::recipient, "c@lab.test", {}, {}});
  expect_report("tx-rcpt|98801c06753b24a4|4fc80719|permfail|no@lab.test",
                {Kind::other, "no@lab.test", {}, {}});
  expect_report("tx-commit|98801c06753b24a4|4fc80719|3814", {Kind::committed, "4fc80719|3814", {}, {}});
  expect_report("tx-reset|98801c06753b24a4|4fc80719", {Kind::reset, "4fc80719", {}, {}});
  expect_report("tx-rollback|98801c06753b24a4|4fc80719", {Kind::reset, "4fc80719", {}, {}});
}

TEST(OpensmtpdEvent, ThatWantsAnAnswer) {
  const std::string line =
      "filter|0.6|1795978668.386784|smtp-in|data-line|98801c06753b24a4|22a30d0267dba6e6|";
  expect(line + "Subject: x", {Kind::data_line, "Subject: x", {}, "22a30d0267dba6e6"});
  expect(line, {Kind::data_line, {}, {}, "22a30d0267dba6e6"});
  expect(line + "|pipe|", {Kind::data_line, "|pipe|", {}, "22a30d0267dba6e6"});
  expect(line + ".", {Kind::data_line, ".", {}, "22a30d0267dba6e6"});
  expect("filter|0.6|1|smtp-in|commit|98801c06753b24a4|22a30d0361f9938a|",
         {Kind::commit, {}, {}, "22a30d0361f9938a"});
}

TEST(OpensmtpdEvent, ThatIsNone) {
  for (const char* line :
       {"", "|", "config", "config|ready|", "config|protocol|0.6", "report", "report|0.6|1|smtp-in",
        "report|0.6|1|smtp-in|link-disconnect", "report|0.6|1|smtp-in|link-disconnect|",
        "report|0.6|1|smtp-out|link-disconnect|98801c06753b24a4", "report|0.6|1|smtp-in|tx-mail|a b|1|ok|a@x",
        "report|0.6|1|smtp-in|link-disconnect|98801c06753b24a498801c06753b24a498801c06753b24a4",
        "report|0.6|1|smtp-in|data-line|98801c06753b24a4|1|x",
        "filter|0.6|1|smtp-in|data-line|98801c06753b24a4",
        "filter|0.6|1|smtp-in|data-line|98801c06753b24a4|x y|a", "filter|0.6|1|smtp-in|mail-from|1|2|x"})
    EXPECT_EQ(parse_event(line).kind, Kind::other) << line;
}

std::vector<std::string> lines_of(const std::string& bytes) {
  return for_test::in_all_pieces(bytes, [](const for_test::Pieces& pieces) {
    Lines lines;
    std::vector<std::string> all;
    for (const std::string_view piece : pieces) {
      lines.receive(piece);
      Lines::Line line;
      while (lines.next(line)) all.push_back((line.cut ? "cut:" : "") + std::string(line.text));
    }
    return all;
  });
}

TEST(OpensmtpdLines, AreCutWhateverComes) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(lines_of("a\n\nbc\r\nd"), (Texts{"a", "", "bc\r"}));
  EXPECT_EQ(lines_of("\n\n"), (Texts{"", ""}));
}

TEST(OpensmtpdLines, ThatAreTooLongAreCutOff) {
  for (const std::size_t more : {0UL, 1UL, 3 * Lines::longest}) {
    Lines lines;
    std::vector<std::string> all;
    const std::string bytes = std::string(Lines::longest + more, 'x') + "\nnext\n";
    for (std::size_t at = 0; at < bytes.size(); at += 1000) {
      lines.receive(std::string_view(bytes).substr(at, 1000));
      Lines::Line line;
      while (lines.next(line)) all.push_back((line.cut ? "cut:" : "") + std::string(line.text));
    }
    EXPECT_EQ(
        all, (std::vector<std::string>{(more > 0 ? "cut:" : "") + std::string(Lines::longest, 'x'), "next"}));
  }
}

}  // namespace
}  // namespace rastel::piping::opensmtpd
