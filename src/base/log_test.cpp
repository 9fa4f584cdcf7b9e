// SPDX-License-Identifier: GPL-2.0-only
// The log: what a hostile peer says stays one value of one line.
#include "base/log.hpp"

#include <algorithm>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// Sets the log up for a test and puts the standard log back.
class Log : public testing::Test {
 protected:
  void TearDown() override { configure({}, "rastel"); }

  template <class Act>
  static std::string written(LogFormat format, LogLevel level, Act act) {
    LogOptions options;
    options.format = format;
    options.level = level;
    testing::internal::CaptureStderr();
    configure(options, "test");
    act();
    return testing::internal::GetCapturedStderr();
  }
};

std::size_t lines(std::string_view text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

TEST(LogFields, TheLineOfAMessageReadsAsPromised) {
  const std::vector<Field> promised{{"door", "before"},
                                    {"client", "host[192.0.2.4]"},
                                    {"auth", "-"},
                                    {"from", "<a@x>"},
                                    {"to", "<b@y>"},
                                    {"msgid", "<m>"},
                                    {"queue", "4XyZ"},
                                    {"size", "20480", Field::Kind::number},
                                    {"class", "infected"},
                                    {"finding", "Eicar-Test-Signature", Field::Kind::quoted},
                                    {"action", "reject"},
                                    {"reply", "554 5.7.1", Field::Kind::quoted},
                                    {"next", "127.0.0.1:10026"},
                                    {"next_reply", "-", Field::Kind::quoted},
                                    {"ms", "3/9/0"}};
  EXPECT_EQ(
      fields_as_text("3f9a", promised),
      "3f9a: door=before client=host[192.0.2.4] auth=- from=<a@x> to=<b@y> msgid=<m> queue=4XyZ size=20480 "
      "class=infected finding=\"Eicar-Test-Signature\" action=reject reply=\"554 5.7.1\" "
      "next=127.0.0.1:10026 "
      "next_reply=\"-\" ms=3/9/0");
  EXPECT_EQ(fields_as_json("3f9a", {promised[0], promised[7], promised[9]}),
            R"({"id":"3f9a","door":"before","size":20480,"finding":"Eicar-Test-Signature"})");
}

TEST(LogFields, AnAddressWithAnEqualsSignStaysAWord) {
  EXPECT_EQ(fields_as_text("1", {{"from", "<SRS0=x=y@z>"}}), "1: from=<SRS0=x=y@z>");
}

TEST(LogFields, AnEmptyValueIsQuoted) { EXPECT_EQ(fields_as_text("1", {{"auth", ""}}), "1: auth=\"\""); }

struct Forgery {
  std::string_view what, value, text;
};
void PrintTo(const Forgery& forgery, std::ostream* out) { *out << forgery.what; }

class LogForgery : public testing::TestWithParam<Forgery> {};

TEST_P(LogForgery, StaysOneValue) {
  const Field field{"from", std::string(GetParam().value)};
  EXPECT_EQ(fields_as_text("1", {field}), "1: from=" + std::string(GetParam().text));
  const std::string json = fields_as_json("1", {field});
  const auto parsed = boost::json::parse(json).as_object();
  EXPECT_EQ(parsed.size(), 2U) << json;
  EXPECT_EQ(json.find('\n'), std::string::npos);
}

using namespace std::string_view_literals;
INSTANTIATE_TEST_SUITE_P(
    Peers, LogForgery,
    testing::Values(Forgery{"a second line", "x\r\n9999: class=clean"sv, R"("x\x0d\x0a9999: class=clean")"},
                    Forgery{"a second field", "x class=clean"sv, R"("x class=clean")"},
                    Forgery{"a closed quote", "x\" class=\"clean"sv, R"("x\" class=\"clean")"},
                    Forgery{"a backslash before the quote", "x\\"sv, R"("x\\")"},
                    Forgery{"our own escape, sent", "\\x0a"sv, R"("\\x0a")"},
                    Forgery{"a terminal's escape", "\x1b[2J\x1b]0;owned\x07"sv,
                            R"("\x1b[2J\x1b]0;owned\x07")"},
                    Forgery{"an octet of zero", "a\0b"sv, R"("a\x00b")"},
                    Forgery{"a C1 control in UTF-8",
                            "\xc2\x9b"
                            "31m"sv,
                            R"("\xc2\x9b31m")"},
                    Forgery{"a no-break space",
                            "x\xc2\xa0"
                            "class=clean"sv,
                            "\"x\xc2\xa0"
                            "class=clean\""},
                    Forgery{"a line separator", "x\xe2\x80\xa8y"sv, R"("x\xe2\x80\xa8y")"},
                    Forgery{"text turned round", "x\xe2\x80\xaeyz"sv, R"("x\xe2\x80\xaeyz")"},
                    Forgery{"Latin-1", "M\xfcller"sv, R"("M\xfcller")"},
                    Forgery{"overlong UTF-8", "\xc0\xaf"sv, R"("\xc0\xaf")"},
                    Forgery{"a surrogate", "\xed\xa0\x80"sv, R"("\xed\xa0\x80")"},
                    Forgery{"UTF-8", "M\xc3\xbcller"sv, "\"M\xc3\xbcller\""},
                    Forgery{"a tab", "a\tb"sv, R"("a\x09b")"}));

TEST(LogFields, ANumberThatIsNoneIsText) {
  for (const std::string value : {"1,\"class\":\"clean\"", "", "-1", "01", "1e9", "123456789012345678901"}) {
    const auto parsed =
        boost::json::parse(fields_as_json("1", {{"size", value, Field::Kind::number}})).as_object();
    EXPECT_EQ(parsed.at("size").as_string(), value);
    EXPECT_EQ(parsed.size(), 2U);
  }
  EXPECT_EQ(boost::json::parse(fields_as_json("1", {{"size", "0", Field::Kind::number}}))
                .as_object()
                .at("size")
                .to_number<int>(),
            0);
}

TEST(LogFields, ALongValueIsCutAtOneKiBAndNotWithinACharacter) {
  EXPECT_EQ(fields_as_text("1", {{"to", std::string(5000, 'a')}}), "1: to=" + std::string(1024, 'a'));
  std::string text = std::string(1023, 'a') + "\xc3\xbc";
  EXPECT_EQ(fields_as_text("1", {{"to", text}}), "1: to=" + std::string(1023, 'a'));
  // Continuation octets without end are no character: cut anyway.
  EXPECT_LE(fields_as_text("1", {{"to", std::string(100000, '\x80')}}).size(), 4 * 1024U + 16);
  EXPECT_LE(fields_as_text(std::string(100000, 'x'), {}).size(), 1024U + 1);
}

TEST_F(Log, ASentenceIsOneLine) {
  const std::string out = written(LogFormat::text, LogLevel::info, [] { error("can't open {}", "a\nb"); });
  EXPECT_THAT(out, HasSubstr(R"(error can't open a\x0ab)"));
  EXPECT_EQ(lines(out), 1U);
}

TEST_F(Log, ALevelBelowTheOneAskedForIsNotWritten) {
  const std::string out = written(LogFormat::text, LogLevel::warning, [] {
    debug("one");
    info("two");
    fields("three", {});
    warning("four");
    error("five");
  });
  EXPECT_EQ(lines(out), 2U);
  EXPECT_THAT(out, HasSubstr("warning four"));
  EXPECT_THAT(out, HasSubstr("error five"));
}

TEST_F(Log, JsonIsOneObjectALine) {
  const std::string out = written(LogFormat::json, LogLevel::info, [] {
    warning("it's \"quoted\" and\nlong");
    fields("3f9a", {{"size", "7", Field::Kind::number}});
  });
  ASSERT_EQ(lines(out), 2U);
  const std::size_t end = out.find('\n');
  const auto sentence = boost::json::parse(out.substr(0, end)).as_object();
  EXPECT_EQ(sentence.at("level").as_string(), "warning");
  EXPECT_EQ(sentence.at("text").as_string(), R"(it's "quoted" and\x0along)");
  EXPECT_THAT(std::string(sentence.at("time").as_string()), EndsWith("Z"));
  const auto message = boost::json::parse(out.substr(end + 1)).as_object();
  EXPECT_EQ(message.at("id").as_string(), "3f9a");
  EXPECT_EQ(message.at("size").to_number<int>(), 7);
}

TEST_F(Log, ALongSentenceIsCut) {
  const std::string out =
      written(LogFormat::text, LogLevel::info, [] { info("{}", std::string(100000, 'x')); });
  EXPECT_LT(out.size(), 4200U);
}

TEST_F(Log, WithoutSyslogOrJournaldTheProgramGoesOn) {
  for (const LogDestination destination : {LogDestination::syslog, LogDestination::journald}) {
    LogOptions options;
    options.destination = destination;
    testing::internal::CaptureStderr();
    configure(options, "rastel-test");
    debug("not written: a test leaves nothing in the log of the machine");
    const std::string out = testing::internal::GetCapturedStderr();
    EXPECT_THAT(out, testing::AnyOf("", HasSubstr("journald doesn't run here")));
  }
}

TEST_F(Log, LinesOfSeveralThreadsDontMix) {
  const std::string out = written(LogFormat::text, LogLevel::info, [] {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) info("begin{}end", std::string(300, '-'));
      });
  });
  ASSERT_EQ(lines(out), 800U);
  std::size_t whole = 0;
  for (std::size_t at = out.find("begin"); at != std::string::npos; at = out.find("begin", at + 1))
    whole += out.compare(at + 5, 304, std::string(300, '-') + "end\n") == 0 ? 1 : 0;
  EXPECT_EQ(whole, 800U);
}

}  // namespace
}  // namespace rastel::log
