// SPDX-License-Identifier: GPL-2.0-only
#include "piping/options.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::piping {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

Options parsed(const std::vector<std::string>& words, std::map<std::string, std::string> variables = {}) {
  const auto options = parse(words, environment_of(std::move(variables)));
  EXPECT_TRUE(options) << options.error();
  return options.value_or(Options{});
}

std::string wrong(const std::vector<std::string>& words) {
  const auto options = parse(words, environment_of({}));
  return options ? "" : options.error();
}

TEST(PipingOptions, AreWhatTheCommandLineSays) {
  const Options options = parsed({"--sender",
                                  "a@x",
                                  "--recipient=b@y",
                                  "--recipient",
                                  "c@y",
                                  "--socket",
                                  "/s",
                                  "--fail=pass",
                                  "--exit-codes=qmail",
                                  "--timeout",
                                  "10s",
                                  "--queue-id=q",
                                  "--user",
                                  "u",
                                  "--client-address=1::",
                                  "--client-name",
                                  "n",
                                  "--client-helo",
                                  "h",
                                  "--real=/r",
                                  "--listen=/l",
                                  "--",
                                  "/mda",
                                  "--sender",
                                  "x"},
                                 {{"SENDER", "other"}, {"RECIPIENT", "other"}, {"SASL_USERNAME", "other"}});
  EXPECT_EQ(options.request.sender, "a@x");
  EXPECT_THAT(options.request.recipients, ElementsAre("b@y", "c@y"));
  EXPECT_EQ(options.socket_path, "/s");
  EXPECT_EQ(options.when_away, WhenAway::pass);
  EXPECT_EQ(options.caller, Caller::qmail);
  EXPECT_EQ(options.timeout, milliseconds(10'000));
  EXPECT_EQ(options.request.queue_id + options.request.user + options.request.client_address +
                options.request.client_name + options.request.client_helo + options.real + options.listen,
            "qu1::nh/r/l");
  EXPECT_THAT(options.command, ElementsAre("/mda", "--sender", "x"));
}

// The sender is a remote one's choice, and mail servers put him into a word of his own.
TEST(PipingOptions, TakeAnyWordForAValue) {
  const Options options =
      parsed({"--sender", "--", "--recipient", "--fail=pass", "--sender", "", "--", "/mda"});
  EXPECT_EQ(options.request.sender, "");
  EXPECT_THAT(options.request.recipients, ElementsAre("--fail=pass"));
  EXPECT_EQ(options.when_away, WhenAway::defer);
  EXPECT_EQ(parsed({"--sender=", "--", "/mda"}, {{"SENDER", "a@x"}}).request.sender, "");
}

TEST(PipingOptions, ThatAreWrongAreSaid) {
  EXPECT_EQ(wrong({"--frobnicate=1"}), "unknown option --frobnicate");
  EXPECT_EQ(wrong({"--sender"}), "unknown option or one without its value: --sender");
  EXPECT_EQ(wrong({"-f", "x"}), "unknown option or one without its value: -f");
  EXPECT_EQ(wrong({"/mda"}), "unknown option or one without its value: /mda");
  EXPECT_EQ(wrong({"--fail=1"}), "--fail is pass or defer");
  EXPECT_EQ(wrong({"--exit-codes=vms"}), "--exit-codes is sysexits or qmail");
  for (const char* time : {"", "1", "s", "-1s", "1d", "99ms", "2h", "99999999999s", "1s "})
    EXPECT_NE(wrong({std::string("--timeout=") + time}), "") << time;
}

TEST(PipingOptions, TakeTheEnvelopeFromTheEnvironmentOfEachServer) {
  const auto envelope = [](std::map<std::string, std::string> variables) {
    const pipe::Request request = parsed({"--", "/mda"}, std::move(variables)).request;
    std::string text = "<" + request.sender + ">";
    for (const std::string& recipient : request.recipients) text += " " + recipient;
    return text + " " + request.client_address + "," + request.client_name + "," + request.client_helo + "," +
           request.user + "," + request.queue_id;
  };
  // Postfix local(8).
  EXPECT_EQ(envelope({{"SENDER", "a@x"},
                      {"RECIPIENT", "b+c@y"},
                      {"ORIGINAL_RECIPIENT", "alias@y"},
                      {"LOCAL", "b+c"},
                      {"DOMAIN", "y"},
                      {"USER", "b"},
                      {"LOGNAME", "b"},
                      {"CLIENT_ADDRESS", "192.0.2.4"},
                      {"CLIENT_HOSTNAME", "unknown"},
                      {"CLIENT_HELO", "x"},
                      {"SASL_USERNAME", "anna"}}),
            "<a@x> b+c@y 192.0.2.4,,x,anna,");
  // Exim's pipe transport.
  EXPECT_EQ(
      envelope(
          {{"SENDER", ""}, {"LOCAL_PART", "b"}, {"DOMAIN", "y"}, {"MESSAGE_ID", "1abc-0-2"}, {"USER", "b"}}),
      "<> b@y ,,,,1abc-0-2");
  // qmail-local and Courier.
  EXPECT_EQ(
      envelope({{"SENDER", "a@x"}, {"RECIPIENT", "b-c@y"}, {"LOCAL", "b-c"}, {"HOST", "y"}, {"USER", "b"}}),
      "<a@x> b-c@y ,,,,");
  EXPECT_EQ(envelope({{"SENDER", "a@x"}, {"LOCAL", "b-c"}, {"HOST", "y"}}), "<a@x> b-c@y ,,,,");
  // Sendmail tells nothing, procmail its user.
  EXPECT_EQ(envelope({{"LOGNAME", "b"}}), "<> b ,,,,");
}

TEST(PipingOptions, KnowSomebodyWithoutAnEnvironment) {
  EXPECT_THAT(parsed({"--", "/mda"}).request.recipients, testing::Not(IsEmpty()));
}

TEST(PipingOptions, AreFoundAmongThoseOfADeliveryProgram) {
  const auto envelope = [](const std::vector<std::string>& words) {
    const pipe::Request request =
        from_delivery_arguments(words, environment_of({{"SENDER", "e"}, {"LOGNAME", "l"}})).request;
    std::string text = "<" + request.sender + ">";
    for (const std::string& recipient : request.recipients) text += " " + recipient;
    return text;
  };
  EXPECT_EQ(envelope({"-Y", "-a", "host", "-d", "bob"}), "<e> bob");  // Sendmail's procmail
  EXPECT_EQ(envelope({"-f", "a@x", "-d", "bob", "carol", "-t"}), "<a@x> bob carol");
  EXPECT_EQ(envelope({"-fa@x", "-d"}), "<a@x> l");
  EXPECT_EQ(envelope({"-r", ""}), "<> l");
  EXPECT_EQ(envelope({"-f"}), "<e> l");
  EXPECT_EQ(envelope({}), "<e> l");
}

TEST(PipingOptions, ReadTimes) {
  EXPECT_EQ(parse_time("240s"), milliseconds(240'000));
  EXPECT_EQ(parse_time("100ms"), milliseconds(100));
  EXPECT_EQ(parse_time("1h"), milliseconds(3600'000));
  EXPECT_EQ(parse_time("4m"), milliseconds(240'000));
}

TEST(PipingCodes, AreThoseOfTheCaller) {
  EXPECT_EQ(code_of(Ending::done, Caller::sysexits), 0);
  EXPECT_EQ(code_of(Ending::refused, Caller::sysexits), 77);
  EXPECT_EQ(code_of(Ending::refused, Caller::qmail), 100);
  EXPECT_EQ(code_of(Ending::refused, Caller::qmail_queue), 31);
  EXPECT_EQ(code_of(Ending::done, Caller::qmail_queue), 0);
  for (const auto ending : {Ending::deferred, Ending::out_of_memory, Ending::timed_out, Ending::cant_write,
                            Ending::cant_read, Ending::bug, Ending::bad_envelope}) {
    EXPECT_EQ(code_of(ending, Caller::sysexits), 75);
    EXPECT_EQ(code_of(ending, Caller::qmail), 111);
    // 11 to 40 would be for ever.
    const int queue = code_of(ending, Caller::qmail_queue);
    EXPECT_TRUE(queue > 40 && queue < 100) << queue;
  }
}

}  // namespace
}  // namespace rastel::piping
