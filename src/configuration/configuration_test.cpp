// SPDX-License-Identifier: GPL-2.0-only
#include "configuration/configuration.hpp"

#include <set>
#include <sstream>

#include <boost/preprocessor/repetition/enum.hpp>
#include <boost/preprocessor/repetition/repeat_from_to.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "configuration/configuration_check.hpp"

namespace rastel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::string error_of(std::string_view text) {
  const auto parsed = parse_configuration(text, "r.toml");
  return parsed ? "(accepted)" : parsed.error().what;
}

constexpr std::string_view door =
    "[[door.smtp]]\nname = \"a\"\nlisten = \"127.0.0.1:10025\"\nnext_hop = \"127.0.0.1:10026\"\n";

// ---- every option has a row, whatever way a member is added
// ------------------------------------------------------------

template <class Type>
struct element_of {};
template <class Type>
struct element_of<std::vector<Type>> {
  using type = Type;
};
template <class Member>
concept TableArray = HasRows<typename element_of<Member>::type>;

// How many members an aggregate has: as many empty braces as it can be initialised with.
#define RASTEL_BRACES(z, n, unused) \
  {                                 \
  }
#define RASTEL_TRY_COUNT(z, n, unused) \
  if constexpr (requires { Struct{BOOST_PP_ENUM_##z(n, RASTEL_BRACES, unused)}; }) count = n;
template <class Struct>
constexpr std::size_t members() {
  std::size_t count = 0;
  BOOST_PP_REPEAT_FROM_TO(1, 40, RASTEL_TRY_COUNT, unused)
  return count;
}
struct Three {
  std::string a;
  std::optional<Duration> b;
  std::vector<PolicyRule> c{{}};
};
static_assert(members<Three>() == 3);

template <HasRows Struct>
void expect_rows_for_all(const std::string& path) {
  std::size_t rows = 0;
  std::set<std::string_view> names;
  std::set<const void*> places;
  const Struct defaults{};
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    ++rows;
    EXPECT_TRUE(names.insert(row.name).second) << path << " has two rows " << row.name;
    EXPECT_TRUE(places.insert(&(defaults.*(row.member))).second)
        << path << "." << row.name << ": its member has two rows";
    EXPECT_TRUE(row.sentence.ends_with('.') && row.sentence.size() > 8)
        << path << "." << row.name << " wants a sentence";
    const std::string name = path + "." + std::string(row.name);
    if constexpr (TableArray<Member>)
      expect_rows_for_all<typename element_of<Member>::type>(name);
    else if constexpr (HasRows<Member>)
      expect_rows_for_all<Member>(name);
  });
  EXPECT_EQ(rows, members<Struct>()) << path << ": a member without a row can't be set";
}

TEST(OptionRows, EveryMemberOfEveryTableHasOne) { expect_rows_for_all<Configuration>(""); }

template <HasRows Struct>
void expect_defaults_within_bounds(const std::string& path) {
  const Struct defaults{};
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    if constexpr (HasRows<Member>)
      expect_defaults_within_bounds<Member>(path + "." + std::string(row.name));
    else if constexpr (requires(Member a) { a < a; })
      if (row.bounds) {
        const Member& value = defaults.*(row.member);
        const bool is_unset = value == Member{};
        EXPECT_TRUE((is_unset || !(value < row.bounds->first)) && !(row.bounds->second < value))
            << path << "." << row.name;
      }
  });
}

TEST(OptionRows, EveryDefaultIsWithinItsBounds) {
  expect_defaults_within_bounds<Configuration>("");
  expect_defaults_within_bounds<SmtpDoorOptions>("door.smtp");
  expect_defaults_within_bounds<ClamdDoorOptions>("door.clamd");
  expect_defaults_within_bounds<MilterDoorOptions>("door.milter");
  expect_defaults_within_bounds<PipeDoorOptions>("door.pipe");
}

// ---- what an administrator is told
// --------------------------------------------------------------------------------------

TEST(Configuration, AnEmptyFileIsValid) {
  const auto parsed = parse_configuration("", "r.toml");
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->door.smtp, IsEmpty());
  EXPECT_EQ(parsed->policy.infected, Action::reject);
}

TEST(Configuration, AnUnknownKeySaysWhereAndWhatWasMeant) {
  EXPECT_EQ(error_of("\n[policy]\nmode = \"enforce\"\ninfcted = \"reject\"\n"),
            "r.toml:4: unknown key \"infcted\" in [policy]; did you mean \"infected\"?");
  EXPECT_EQ(error_of("[polcy]\n"), "r.toml:1: unknown key \"polcy\"; did you mean \"policy\"?");
  EXPECT_EQ(error_of("[policy]\nunscanned = { engin = \"defer\" }\n"),
            "r.toml:2: unknown key \"engin\" in [policy.unscanned]; did you mean \"engine\"?");
  EXPECT_EQ(error_of(std::string(door) + "lisen = \"x\"\n"),
            "r.toml:5: unknown key \"lisen\" in [[door.smtp]]; did you mean \"listen\"?");
  EXPECT_EQ(error_of("[engine]\nzzzzzzzzzzzz = 1\n"), "r.toml:2: unknown key \"zzzzzzzzzzzz\" in [engine]");
}

TEST(Configuration, AKeyIsShownNotObeyed) {
  EXPECT_EQ(error_of("\"\\u001b[2J\\nr.toml:1: fine\" = 1\n"),
            "r.toml:1: unknown key \"\\x1b[2J\\x0ar.toml:1: fine\"");
  EXPECT_LT(error_of("\"" + std::string(100000, 'x') + "\" = 1\n").size(), 200U);
}

struct Wrong {
  std::string_view text, error;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.text; }
class WrongValue : public testing::TestWithParam<Wrong> {};
TEST_P(WrongValue, SaysLineKeyWhatWasGivenAndWhatIsWanted) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().error);
}
INSTANTIATE_TEST_SUITE_P(
    Types, WrongValue,
    testing::Values(
        Wrong{"[engine]\ndeadline = 300\n",
              "r.toml:2: engine.deadline = 300: want a duration like \"500ms\", \"60s\", \"10m\", \"12h\", "
              "\"30d\""},
        Wrong{"[engine]\ndeadline = \"300\"\n",
              "r.toml:2: engine.deadline = \"300\": want a duration like \"500ms\", \"60s\", \"10m\", "
              "\"12h\", \"30d\""},
        Wrong{"[engine]\ndeadline = \"1ms\"\n", "r.toml:2: engine.deadline = \"1ms\": want \"1s\" to \"1h\""},
        Wrong{"[engine]\nworkers = -1\n", "r.toml:2: engine.workers = -1: want a whole number from 0 to 256"},
        Wrong{"[engine]\nworkers = 257\n",
              "r.toml:2: engine.workers = 257: want a whole number from 0 to 256"},
        Wrong{"[engine]\nworkers = 9223372036854775807\n",
              "r.toml:2: engine.workers = 9223372036854775807: want a whole number from 0 to 256"},
        Wrong{"[engine]\nworkers = 4.0\n", "r.toml:2: engine.workers = 4: want a whole number from 0 to 256"},
        Wrong{
            "[engine]\nscratch = \"1MB\"\n",
            "r.toml:2: engine.scratch = \"1MB\": want a size like \"512\", \"64KiB\", \"50MiB\", \"10GiB\""},
        Wrong{"[engine]\nscratch = \"1KiB\"\n",
              "r.toml:2: engine.scratch = \"1KiB\": want \"1MiB\" to \"64GiB\""},
        Wrong{"[engine]\nheuristics = \"off\"\n",
              "r.toml:2: engine.heuristics = \"off\": want a table [engine.heuristics]"},
        Wrong{"[engine.heuristics]\nmacros = \"suspicous\"\n",
              "r.toml:2: engine.heuristics.macros = \"suspicous\": want one of \"off\", \"tag\", "
              "\"suspicious\"; did you mean \"suspicious\"?"},
        Wrong{"[engine.heuristics]\nmacros = true\n",
              "r.toml:2: engine.heuristics.macros = true: want one of \"off\", \"tag\", \"suspicious\""},
        Wrong{"engine = 1\n", "r.toml:1: engine = 1: want a table [engine]"},
        Wrong{"[site]\ndomains = \"example.com\"\n",
              "r.toml:2: site.domains = \"example.com\": want a list in brackets"},
        Wrong{"[site]\nnetworks = [\n\"127.0.0.0/8\",\n\"10.0.0.0/33\"]\n",
              "r.toml:4: site.networks = \"10.0.0.0/33\": want an address block like \"192.0.2.0/24\" or "
              "\"::1\", or \"unix\""},
        Wrong{"[site]\nhostname = 2026-12-31\n", "r.toml:2: site.hostname = a date: want a text in quotes"},
        Wrong{"[site]\nuser = \"a\\nb\"\n",
              "r.toml:2: site.user = \"a\\x0ab\": want a text of one line, without control characters"},
        Wrong{"[door]\nsmtp = 1\n", "r.toml:2: door.smtp = 1: write [[door.smtp]]"},
        Wrong{"[door]\nsmtp = [1]\n", "r.toml:2: door.smtp = 1: want a table [door.smtp]"},
        Wrong{"[signatures]\nbuiltin = \"yes\"\n",
              "r.toml:2: signatures.builtin = \"yes\": want true or false"}));

TEST(Configuration, WhatIsNoTomlIsAnErrorOfOneLine) {
  for (const std::string_view text :
       {"[policy", "a", "a = ", "[policy]\na = \"\xff\"\n", "a = 1\na = 2\n", "[[[", "[a]]", "\x01"}) {
    const std::string error = error_of(text);
    EXPECT_THAT(error, StartsWith("r.toml:"));
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
  EXPECT_THAT(error_of(std::string(100000, '[')), StartsWith("r.toml:1: "));
  EXPECT_THAT(error_of("a = " + std::string(100000, '[')), StartsWith("r.toml:1: "));
  EXPECT_THAT(error_of("[engine]\nworkers = 1\nworkers = 2\n"), StartsWith("r.toml:3: "));
}

TEST(Configuration, LettersBeyondAsciiOutsideOfTextsAreErrors) {
  for (const std::string_view text : {"\xc3\xbc = 1\n", "a\xd0\xb7 = 1\n", "\xef\xbb\xbb = 1\n",
                                      "\xe3\x81\x82 = 1\n", "\xef\xac\xa6", "\xef"})
    EXPECT_THAT(error_of(text), StartsWith("r.toml:1: ")) << text;
  EXPECT_EQ(error_of("\xef\xbb\xbf[site]\n"), "(accepted)") << "a byte order mark";
  EXPECT_EQ(error_of("# \xef\xbb\xbb \xc3\xbc\n"), "(accepted)");
}

TEST(Configuration, EveryProblemIsToldAtOnceButNotWithoutEnd) {
  EXPECT_EQ(error_of("[engine]\nworkers = -1\n[policy]\nx = 1\n"),
            "r.toml:2: engine.workers = -1: want a whole number from 0 to 256\nr.toml:4: unknown key \"x\" "
            "in [policy]");
  std::string text = "[engine]\n";
  for (int i = 0; i < 10000; ++i) text += "unknown" + std::to_string(i) + " = 1\n";
  EXPECT_LT(error_of(text).size(), 4000U);
}

TEST(Configuration, FileModesAreOctal) {
  const auto mode_of = [](std::string_view mode) {
    return error_of(std::string(door) + "socket_mode = " + std::string(mode) + "\n");
  };
  EXPECT_EQ(mode_of("\"0660\""), "(accepted)");
  EXPECT_EQ(mode_of("\"666\""), "(accepted)");
  for (const auto wrong : {"\"0668\"", "\"\"", "\"00660\"", "\"1777\"", "660", "\"-1\"", "\"rw\""})
    EXPECT_THAT(mode_of(wrong), HasSubstr("want permissions")) << wrong;
}

// ---- what contradicts itself
// ----------------------------------------------------------------------------------------------

std::string door_with(std::string_view name, std::string_view listen, std::string_view next_hop,
                      std::string_view more = "") {
  return fmt::format("[[door.smtp]]\nname = \"{}\"\nlisten = \"{}\"\nnext_hop = \"{}\"\n{}\n", name, listen,
                     next_hop, more);
}

TEST(Contradictions, ADoorWithoutWhatItNeedsIsRefused) {
  EXPECT_EQ(error_of("\n[[door.smtp]]\nname = \"a\"\nlisten = \"127.0.0.1:10025\"\n"),
            "r.toml:2: [[door.smtp]] lacks next_hop, e.g. next_hop = \"127.0.0.1:10026\"");
  EXPECT_EQ(error_of("[[door.smtp]]\n"),
            "r.toml:1: [[door.smtp]] lacks name, e.g. name = \"before\"\n"
            "r.toml:1: [[door.smtp]] lacks listen, e.g. listen = \"127.0.0.1:10025\"\n"
            "r.toml:1: [[door.smtp]] lacks next_hop, e.g. next_hop = \"127.0.0.1:10026\"");
}

TEST(Contradictions, DoorsDontShareNamesOrAddresses) {
  EXPECT_EQ(
      error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:9") + door_with("a", "127.0.0.1:2", "127.0.0.1:9")),
      "r.toml:7: two doors are named \"a\"");
  EXPECT_EQ(
      error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:9") + door_with("b", "127.0.0.1:1", "127.0.0.1:9")),
      "r.toml:8: door \"a\" and door \"b\" both listen on 127.0.0.1:1");
  EXPECT_EQ(error_of(door_with("a", "unix:/run/rastel/control.sock", "127.0.0.1:9")),
            "r.toml:3: the control socket and door \"a\" both listen on unix:/run/rastel/control.sock");
  EXPECT_THAT(error_of("[http]\nlisten = \"127.0.0.1:1\"\n" + door_with("a", "127.0.0.1:1", "127.0.0.1:9")),
              HasSubstr("[http] and door"));
}

std::string clamd_with(std::string_view name, std::string_view listen, std::string_view more = {}) {
  return fmt::format("[[door.clamd]]\nname = \"{}\"\nlisten = \"{}\"\n{}\n", name, listen, more);
}

TEST(Contradictions, DoorsOfAllKindsAreToldApart) {
  EXPECT_EQ(error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:9") + clamd_with("a", "127.0.0.1:2")),
            "r.toml:7: two doors are named \"a\"");
  EXPECT_EQ(error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:9") + clamd_with("b", "127.0.0.1:1")),
            "r.toml:8: door \"a\" and door \"b\" both listen on 127.0.0.1:1");
  EXPECT_EQ(
      error_of(clamd_with("a", "127.0.0.1:1") + "[[policy.rule]]\ndoors = [\"a\"]\ninfected = \"pass\"\n"),
      "(accepted)");
}

TEST(Contradictions, OverTcpNobodyNamesFilesOrLoadsSignatures) {
  EXPECT_EQ(error_of(clamd_with("a", "unix:/run/c", "scan_folders = [\"/var/spool\"]\nreload = true")),
            "(accepted)");
  EXPECT_EQ(error_of(clamd_with("a", "unix:/run/c", "scan_folders = [\"spool\"]")),
            "r.toml:4: door \"a\": scan_folders: want absolute paths, not \"spool\"");
  EXPECT_THAT(error_of(clamd_with("a", "127.0.0.1:1", "scan_folders = [\"/var/spool\"]")),
              HasSubstr("r.toml:4: door \"a\": scan_folders: over TCP"));
  EXPECT_THAT(error_of(clamd_with("a", "127.0.0.1:1", "reload = true")),
              HasSubstr("r.toml:4: door \"a\": reload: over TCP"));
}

TEST(Contradictions, MailMustNotGoRoundInACircle) {
  const auto circle = HasSubstr("mail would go round in a circle");
  EXPECT_EQ(error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:1")),
            "r.toml:4: door \"a\": its next_hop 127.0.0.1:1 is our own door \"a\": mail would go round in a "
            "circle");
  EXPECT_THAT(error_of(door_with("a", "0.0.0.0:1", "127.0.0.1:1")), circle);
  EXPECT_THAT(error_of(door_with("a", "[::]:1", "[::1]:1")), circle);
  EXPECT_THAT(error_of(door_with("a", "127.0.0.1:1", "localhost:1")), circle);
  EXPECT_THAT(error_of(door_with("a", "unix:/x", "lmtp:unix:/x")), circle);
  EXPECT_THAT(
      error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:2") + door_with("b", "127.0.0.1:2", "127.0.0.1:3")),
      circle);
  EXPECT_EQ(error_of(door_with("a", "127.0.0.1:1", "192.0.2.1:1")), "(accepted)");
  EXPECT_EQ(error_of(door_with("a", "0.0.0.0:25", "192.0.2.1:25")), "(accepted)");
}

TEST(Contradictions, OneRefusalForAllIsForAQueuesFilter) {
  const auto with = [](std::string_view next_hop, std::string_view more) {
    return error_of(door_with("a", "127.0.0.1:1", next_hop, fmt::format("uniform_rcpt = true\n{}", more)));
  };
  EXPECT_THAT(with("127.0.0.1:9", "place = \"outbound\""), HasSubstr("not for an outbound door"));
  EXPECT_THAT(with("lmtp:127.0.0.1:9", ""), HasSubstr("no message with two would ever pass"));
  EXPECT_EQ(with("lmtp:127.0.0.1:9", "protocol = \"lmtp\""), "(accepted)");
  EXPECT_EQ(with("127.0.0.1:9", ""), "(accepted)");
}

TEST(Contradictions, LmtpStaysOffPort25) {
  EXPECT_THAT(error_of(door_with("a", "127.0.0.1:25", "127.0.0.1:1", "protocol = \"lmtp\"")),
              HasSubstr("port 25 (RFC 2033)"));
  EXPECT_THAT(error_of(door_with("a", "127.0.0.1:1", "lmtp:127.0.0.1:25")), HasSubstr("port 25 (RFC 2033)"));
  EXPECT_THAT(
      error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:2", "protocol = \"lmtp\"\nplace = \"outbound\"")),
      HasSubstr("outbound"));
  EXPECT_EQ(error_of(door_with("a", "127.0.0.1:25", "lmtp:127.0.0.1:24")), "(accepted)");
  EXPECT_EQ(
      error_of(door_with("a", "127.0.0.1:1", "127.0.0.1:25", "protocol = \"lmtp\"\nplace = \"after-queue\"")),
      "(accepted)");
}

TEST(Contradictions, NamesAreWordsOfTheLog) {
  for (const std::string_view name : {"", "a b", "a;b", "ä", "a\\\\b"})
    EXPECT_THAT(error_of(door_with(name, "127.0.0.1:1", "127.0.0.1:2")),
                HasSubstr("door.smtp.name: want letters"))
        << name;
  EXPECT_THAT(error_of(door_with(std::string(65, 'a'), "127.0.0.1:1", "127.0.0.1:2")),
              HasSubstr("door.smtp.name"));
}

TEST(Contradictions, ARuleNamesADoorThatThereIs) {
  EXPECT_EQ(error_of("[[policy.rule]]\ndoors = [\"b\"]\n"),
            "r.toml:2: policy.rule.doors: there is no door \"b\"");
  EXPECT_EQ(error_of("[[policy.rule]]\ndoors = [\"a\"]\n" + std::string(door)), "(accepted)");
}

TEST(Contradictions, AProxyHeaderNeedsSomebodyWhoIsTrusted) {
  const std::string text = door_with("a", "127.0.0.1:1000", "127.0.0.1:9") + "proxy_protocol = true\n";
  EXPECT_THAT(error_of(text), HasSubstr("`trusted` is empty"));
  EXPECT_EQ(error_of(text + "trusted = [\"127.0.0.1\"]\n"), "(accepted)");
}

TEST(Contradictions, OfTheSite) {
  EXPECT_EQ(error_of("[store]\ndirectory = \"rel\"\n"),
            "r.toml:2: store.directory: want an absolute path, not \"rel\"");
  EXPECT_THAT(error_of("[site]\nrun_directory = \"/" + std::string(94, 'a') + "\"\n"), HasSubstr("too long"));
  EXPECT_EQ(error_of("[site]\nrun_directory = \"/" + std::string(93, 'a') + "\"\n"), "(accepted)");
  EXPECT_THAT(error_of("[site]\nuser = \"root\"\n"), HasSubstr("must not be root"));
  EXPECT_THAT(error_of("[site]\nuser = \"\"\n"), HasSubstr("name of an account"));
  EXPECT_THAT(error_of("[site]\ndomains = [\"a@b\"]\n"), HasSubstr("want domains like"));
  EXPECT_THAT(error_of("[site]\nhostname = \"a b\"\n"), HasSubstr("want a name like"));
  EXPECT_EQ(error_of("[site]\ndomains = [\"b\xc3\xbc"
                     "cher.example\"]\n"),
            "(accepted)");
}

TEST(Contradictions, NoMoreListenersThanTheMasterCanHandOver) {
  std::string text;
  for (int i = 0; i < 199; ++i)
    text += door_with("d" + std::to_string(i), "127.0.0.1:" + std::to_string(1000 + i), "127.0.0.1:9");
  EXPECT_EQ(error_of(text), "(accepted)");
  EXPECT_EQ(error_of(text + door_with("one-more", "127.0.0.1:2000", "127.0.0.1:9")),
            "r.toml: 201 addresses to listen on; 200 is the most");
}

// ---- warnings
// ---------------------------------------------------------------------------------------------------------------

bool warns(const std::string& text, std::string_view of) {
  const auto parsed = parse_configuration(text, "r.toml");
  EXPECT_TRUE(parsed) << parsed.error().what;
  if (!parsed) return false;
  return std::ranges::any_of(
      warnings(*parsed), [&](const std::string& warning) { return warning.find(of) != std::string::npos; });
}

TEST(Warnings, WhatIsProbablyNotMeantIsSaid) {
  const std::string quiet =
      "[signatures]\ndirectory = \"/\"\n[store]\nrelease = \"127.0.0.1:10026\"\n" + std::string(door);
  EXPECT_THAT(warnings(*parse_configuration(quiet, "r.toml")), IsEmpty());
  EXPECT_TRUE(warns("", "no door"));
  EXPECT_TRUE(warns("[signatures]\ndirectory = \"/nonexistent\"\n",
                    "/nonexistent does not exist: install freshclam"));
  EXPECT_TRUE(warns(std::string(door), "store.release is not set"));
  EXPECT_TRUE(warns("[store]\nrelease = \"127.0.0.1:10025\"\n" + std::string(door),
                    "released mail is scanned again"));
  EXPECT_TRUE(warns(std::string(door) + "fail = \"pass\"\n", "unscanned"));
  EXPECT_TRUE(warns(std::string(door) + "reply_deadline = \"100s\"\n", "gives up after 100s"));
  EXPECT_FALSE(warns(std::string(door) + "reply_deadline = \"90s\"\n", "gives up"));
  EXPECT_TRUE(warns(std::string(door) + "line_breaks = \"as-is\"\n", "smuggled"));
  EXPECT_TRUE(warns("[policy]\nmode = \"observe\"\n", "everything passes"));
  EXPECT_TRUE(warns("[policy]\ninfected = \"tag\"\n", "lets infected mail through"));
  EXPECT_TRUE(warns("[[policy.rule]]\nsenders = [\"a@b\"]\ninfected = \"pass\"\n", "forgeable"));
  EXPECT_FALSE(warns("[[policy.rule]]\nsenders = [\"a@b\"]\nauthenticated = true\ninfected = \"pass\"\n",
                     "forgeable"));
  EXPECT_TRUE(warns("[[policy.rule]]\nrecipients = [\"a@b\"]\n", "sets nothing"));
  EXPECT_TRUE(warns("[engine]\nscratch = \"1MiB\"\n", "scratch"));
}

TEST(Warnings, WhomAClamdDoorTellsWhatIsSaid) {
  const auto of_network = [](std::string_view listen) { return warns(clamd_with("a", listen), "no login"); };
  EXPECT_FALSE(of_network("127.0.0.1:3310"));
  EXPECT_FALSE(of_network("unix:/run/c"));
  EXPECT_TRUE(of_network("0.0.0.0:3310"));
  const auto of_folder = [](std::string_view folder) {
    return warns("[store]\ndirectory = \"/var/lib/rastel\"\n" +
                     clamd_with("a", "unix:/run/c", fmt::format("scan_folders = [\"{}\"]", folder)),
                 "reach the quarantine");
  };
  for (const std::string_view folder : {"/", "/var/lib/", "/var/lib/rastel", "/var/lib/rastel/spool"})
    EXPECT_TRUE(of_folder(folder)) << folder;
  EXPECT_FALSE(of_folder("/var/lib/rast"));
  EXPECT_FALSE(of_folder("/var/spool"));
}

TEST(Warnings, ADoorThatMayMakeTheNextHopAnOpenRelayIsSaid) {
  const auto open = [](std::string_view listen, const std::string& more) {
    return warns(door_with("a", std::string(listen), "127.0.0.1:9") + more, "open relay");
  };
  for (const std::string_view wide : {"0.0.0.0:25", "[::]:25", "192.0.2.1:25", "mx.example:25"}) {
    EXPECT_TRUE(open(wide, "")) << wide;
    EXPECT_TRUE(open(wide, "forward_client = \"xforward\"\n"));
    EXPECT_TRUE(open(wide, "forward_client = \"auto\"\n"));
    EXPECT_TRUE(open(wide, "forward_client = \"off\"\n"));
    EXPECT_TRUE(open(wide, "place = \"outbound\"\n"));
    EXPECT_FALSE(open(wide, "forward_client = \"xclient\"\n"));
    EXPECT_FALSE(open(wide, "next_hop_proxy = \"v1\"\n"));
  }
  for (const std::string_view local : {"127.0.0.1:25", "[::1]:25", "localhost:25", "unix:/run/a.sock"}) {
    EXPECT_FALSE(open(local, "")) << local;
    EXPECT_TRUE(open(local, "proxy_protocol = true\ntrusted = [\"127.0.0.1\", \"unix\"]\n"))
        << "whom a proxy speaks for comes from the network";
  }
}

// ---- shown, sampled, documented
// -----------------------------------------------------------------------------------------

template <HasRows Struct>
bool same(const Struct& left, const Struct& right) {
  bool all = true;
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    const Member& one = left.*(row.member);
    const Member& other = right.*(row.member);
    bool equal = true;
    if constexpr (TableArray<Member>)
      equal = std::ranges::equal(one, other, [](const auto& a, const auto& b) { return same(a, b); });
    else if constexpr (HasRows<Member>)
      equal = same(one, other);
    else
      equal = one == other;
    EXPECT_TRUE(equal) << row.name;
    all = all && equal;
  });
  return all;
}

// Sets every option of a table to something that is not its default.
template <class Member>
void change(Member& value);
template <HasRows Struct>
void change_all(Struct& options) {
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    Member& value = options.*(row.member);
    if constexpr (HasRows<Member>)
      change_all(value);
    else if constexpr (TableArray<Member>) {
      value.resize(2);
      for (auto& element : value) change_all(element);
    } else {
      change(value);
      if constexpr (requires { value < value; })
        if (row.bounds) value = row.bounds->second;
    }
  });
}
template <class Member>
struct changed {
  static Member value(const Member& before) {
    if constexpr (std::is_same_v<Member, bool>)
      return !before;
    else if constexpr (std::is_same_v<Member, std::uint32_t>)
      return before + 1;
    else if constexpr (std::is_same_v<Member, Duration>)
      return before + Duration(1001);
    else if constexpr (std::is_same_v<Member, ByteCount>)
      return {before.value + 1};
    else if constexpr (std::is_same_v<Member, FileMode>)
      return {before.value ^ 7U};
    else if constexpr (std::is_same_v<Member, Endpoint>)
      return *parse_endpoint("[2001:db8::1]:65535");
    else if constexpr (std::is_same_v<Member, NextHop>)
      return *parse_next_hop("lmtp:unix:/a \"b\" \\c");
    else if constexpr (std::is_same_v<Member, Network>)
      return {"2001:db8::/32"};
    else if constexpr (std::is_same_v<Member, std::string>)
      return "/a\"b\\c#d = [e]'f\xc3\xbc";
    else if constexpr (HasNames<Member>)
      return Names<Member>::names.back().second;
  }
};
template <class Member>
struct changed<std::optional<Member>> {
  static std::optional<Member> value(const std::optional<Member>& before) {
    return changed<Member>::value(before.value_or(Member{}));
  }
};
template <class Member>
struct changed<std::vector<Member>> {
  static std::vector<Member> value(const std::vector<Member>&) {
    return {changed<Member>::value({}), changed<Member>::value({})};
  }
};
template <class Member>
void change(Member& value) {
  value = changed<Member>::value(value);
}

TEST(Show, TheDefaultsComeBack) {
  const auto again = parse_configuration(show_configuration({}), "shown");
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(same(*again, Configuration{}));
}

TEST(Show, EverythingThatCanBeSetComesBack) {
  Configuration configuration;
  change_all(configuration);
  // What is valid as a single value but would contradict something else.
  configuration.site.user = "someone";
  configuration.site.hostname = "mx.example.com";
  configuration.site.domains = {"example.com",
                                "b\xc3\xbc"
                                "cher.example"};
  for (std::size_t i = 0; i < configuration.door.smtp.size(); ++i) {
    SmtpDoorOptions& each = configuration.door.smtp[i];
    each.name = "door-" + std::to_string(i);
    each.listen = *parse_endpoint("unix:/run/" + std::to_string(i));
    each.greeting_host = "mx.example.com";
    each.protocol = DoorProtocol::smtp;
    each.uniform_rcpt = false;
  }
  for (std::size_t i = 0; i < configuration.door.clamd.size(); ++i) {
    ClamdDoorOptions& each = configuration.door.clamd[i];
    each.name = "clamd-" + std::to_string(i);
    each.listen = *parse_endpoint("unix:/run/clamd/" + std::to_string(i));
    each.scan_folders = {"/var/spool/\"a b\"", "/"};
  }
  for (std::size_t i = 0; i < configuration.door.milter.size(); ++i) {
    MilterDoorOptions& each = configuration.door.milter[i];
    each.name = "milter-" + std::to_string(i);
    each.listen = *parse_endpoint("unix:/run/milter/" + std::to_string(i));
  }
  for (std::size_t i = 0; i < configuration.door.pipe.size(); ++i) {
    PipeDoorOptions& each = configuration.door.pipe[i];
    each.name = "pipe-" + std::to_string(i);
    each.listen = *parse_endpoint("unix:/run/pipe/" + std::to_string(i));
  }
  configuration.http.user = "another";
  configuration.http.hosts = {"mail.example.com", "[2001:db8::1]:8025"};
  for (PolicyRule& rule : configuration.policy.rules) rule.doors = {"door-0"};
  const std::string shown = show_configuration(configuration);
  const auto again = parse_configuration(shown, "shown");
  ASSERT_TRUE(again) << again.error().what << "\n" << shown;
  EXPECT_TRUE(same(*again, configuration)) << shown;
  EXPECT_EQ(show_configuration(*again), shown);
}

TEST(Contradictions, APageNeedsAPlaceAndAUserOfItsOwn) {
  const std::string users = "users = \"/etc/rastel/users\"\n";
  EXPECT_THAT(error_of("[http]\n" + users), HasSubstr("http.listen isn't"));
  EXPECT_THAT(error_of("[http]\nlisten = \"unix:/run/x\"\n" + users),
              HasSubstr("http.hosts: behind a unix socket"));
  EXPECT_THAT(error_of("[http]\nlisten = \"127.0.0.1:1\"\nuser = \"rastel\"\n" + users),
              HasSubstr("http.user must not be site.user"));
  EXPECT_THAT(error_of("[http]\nlisten = \"127.0.0.1:1\"\nuser = \"root\"\n" + users),
              HasSubstr("isn't root"));
  EXPECT_THAT(error_of("[http]\nlisten = \"127.0.0.1:1\"\nusers = \"users\"\n"),
              HasSubstr("an absolute path"));
  EXPECT_THAT(error_of("[http]\nhosts = [\"http://a\"]\n"), HasSubstr("http.hosts: want names"));
}

TEST(Show, ThePageSeesNothingOfStoreAndDoors) {
  Configuration configuration;
  configuration.site.run_directory = "/run/elsewhere";
  configuration.site.hostname = "mx.example.com";
  configuration.store.directory = "/store-of-ours";
  const std::string shown = show_page_configuration(configuration);
  EXPECT_THAT(shown, Not(HasSubstr("mx.example.com")));
  EXPECT_THAT(shown, Not(HasSubstr("store-of-ours")));
  const auto again = parse_configuration(shown, "the page's options");
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(again->site.run_directory, "/run/elsewhere");
}

TEST(Show, ARuleThatSetsNothingStaysARule) {
  Configuration configuration;
  configuration.policy.rules.resize(3);
  EXPECT_EQ(parse_configuration(show_configuration(configuration), "shown")->policy.rules.size(), 3U);
}

TEST(Show, TheEngineSeesSignaturesAndEngineAlone) {
  Configuration configuration;
  configuration.engine.workers = 7;
  configuration.signatures.directory = "/secret-free";
  configuration.site.hostname = "mx.example.com";
  const std::string shown = show_engine_configuration(configuration);
  EXPECT_THAT(shown, HasSubstr("workers = 7"));
  EXPECT_THAT(shown, Not(HasSubstr("mx.example.com")));
  std::istringstream lines(shown);
  std::vector<std::string> headers;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('[')) headers.push_back(line);
  EXPECT_THAT(headers, ElementsAre("[signatures]", "[engine]"));
  const auto again = parse_configuration(shown, "engine options");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->engine.workers, 7U);
}

std::string uncommented(const std::string& sample) {
  std::istringstream lines(sample);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ") || line.empty()) continue;
    text += line.substr(line.starts_with('#') ? 1 : 0) + "\n";
  }
  return text;
}

TEST(Sample, AsItIsItSetsNothing) {
  const auto parsed = parse_configuration(sample_configuration(), "sample");
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_TRUE(same(*parsed, Configuration{}));
}

TEST(Sample, EveryLineCanBeUncommentedAndIsTheDefaultWhereThereIsOne) {
  const std::string text = uncommented(sample_configuration());
  auto parsed = parse_configuration(text, "sample");
  ASSERT_TRUE(parsed) << parsed.error().what << "\n" << text;
  EXPECT_EQ(parsed->door.smtp.size(), 1U);
  EXPECT_EQ(parsed->policy.rules.size(), 1U);
  EXPECT_EQ(parsed->door.smtp[0].max_sessions, SmtpDoorOptions{}.max_sessions);
  parsed->door = {};
  parsed->policy.rules = {};
  parsed->http = {};
  parsed->store.release = {};
  EXPECT_TRUE(same(*parsed, Configuration{}));
}

template <HasRows Struct>
void expect_documented(const std::string& text, const std::string& sample) {
  for_each_row<Struct>([&](const auto& row) {
    using Member = typename std::remove_cvref_t<decltype(row)>::MemberType;
    if constexpr (TableArray<Member>)
      expect_documented<typename element_of<Member>::type>(text, sample);
    else if constexpr (HasRows<Member>)
      expect_documented<Member>(text, sample);
    else {
      EXPECT_THAT(text, HasSubstr("| `" + std::string(row.name) + "` |"));
      EXPECT_THAT(text, HasSubstr("| " + std::string(row.sentence) + " |"));
      EXPECT_THAT(sample, HasSubstr(std::string(row.name) + " = "));
    }
  });
}

TEST(Reference, HasEveryOptionWithItsSentenceInTablesThatAreWhole) {
  const std::string text = configuration_reference();
  expect_documented<Configuration>(text, sample_configuration());
  std::istringstream lines(text);
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('|')) {
      ++rows;
      EXPECT_EQ(std::ranges::count(line, '|'), 5) << line;
    }
  EXPECT_GT(rows, 60U);
  EXPECT_THAT(text, HasSubstr("| `next_hop` | next hop | **required** |"));
}

}  // namespace
}  // namespace rastel
