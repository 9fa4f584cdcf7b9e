// SPDX-License-Identifier: GPL-2.0-only
#include "app/cli.hpp"

#include <fstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "app/cli_daemon.hpp"
#include "app/cli_table.hpp"
#include "app/control_for_test.hpp"

namespace rastel::cli {
namespace {

struct Ran {
  int exit = -1;
  std::string out, error;
};

Ran rastel(const std::vector<std::string>& arguments, bool colour = false) {
  Ran ran;
  Console console;
  console.out = [&](std::string_view text) { ran.out += text; };
  console.error = [&](std::string_view text) { ran.error += text; };
  console.colour = colour;
  ran.exit = run(arguments, console);
  return ran;
}

Ran rastel_at(const control::TestServer& server, std::vector<std::string> arguments, bool colour = false) {
  arguments.insert(arguments.end(), {"--control", server.path()});
  return rastel(arguments, colour);
}

TEST(Cli, HelpNamesEveryVerb) {
  const Ran ran = rastel({"--help"});
  EXPECT_EQ(ran.exit, 0);
  for (const char* verb :
       {"status", "history", "quarantine", "reload", "drain", "config", "sink", "send", "scan", "explain"})
    EXPECT_NE(ran.out.find(verb), std::string::npos) << verb;
  for (const char* verb : {"list", "show", "raw", "release", "delete", "purge"})
    EXPECT_NE(rastel({"quarantine", "--help"}).out.find(verb), std::string::npos) << verb;
}

TEST(Cli, AWrongCommandLineIsTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"no-such-verb"},
           {"../../bin/sh"},
           {"status", "--no-such-option"},
           {"quarantine"},
           {"quarantine", "show"},
           {"quarantine", "release"},
           {"history", "--limit", "0"},
           {"history", "--limit", "many"},
           {"history", "--since", "yesterday"},
           {"sink"},
           {"send"},
           {"sink", "--listen", "nonsense"},
           {"send", "--to", "nonsense"},
           {"send", "--to", "127.0.0.1:1", "--rcpt", "a@b>\r\nRCPT TO:<c@d"},
           {"send", "--to", "127.0.0.1:1", "--messages", "/nonexistent/folder"},
           {"config"},
       }) {
    const Ran ran = rastel(arguments);
    EXPECT_EQ(ran.exit, 2) << (arguments.empty() ? "" : arguments.back());
    EXPECT_NE(ran.error, "");
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Cli, NoDaemonIs69AndSaysWhatToDo) {
  const control::TemporaryFolder folder;
  const std::string path = folder.path() / "control.sock";
  for (const char* verb : {"status", "history", "reload", "drain"}) {
    const Ran ran = rastel({verb, "--control", path});
    EXPECT_EQ(ran.exit, 69);
    EXPECT_NE(ran.error.find("is it running"), std::string::npos) << ran.error;
    EXPECT_EQ(std::ranges::count(ran.error, '\n'), 1);
  }
}

TEST(Cli, TheSocketIsFoundByTheConfiguration) {
  const control::TestServer server;
  const std::string file = server.folder() / "rastel.toml";
  std::ofstream(file) << "[site]\nrun_directory = \"" << server.folder().string() << "\"\n";
  EXPECT_EQ(rastel({"status", "-c", file}).exit, 0);
  EXPECT_EQ(rastel({"-c", file, "status"}).exit, 0);
  EXPECT_EQ(rastel({"-c", server.folder() / "missing.toml", "status"}).exit, 2);
}

TEST(Cli, StatusForPeopleAndPrograms) {
  const control::TestServer server;
  const Ran people = rastel_at(server, {"status"});
  EXPECT_EQ(people.exit, 0);
  EXPECT_EQ(people.out, "ready:   yes\nversion: 0.1.0\nworkers:\n  idle: 2\n");
  const Ran programs = rastel_at(server, {"status", "--json"});
  EXPECT_EQ(boost::json::parse(programs.out).at("workers").at("idle").as_int64(), 2);
}

TEST(Cli, HistoryIsAlignedAndFiltered) {
  control::TestServer server;
  const Ran ran = rastel_at(server, {"history", "needle", "--class", "infected", "--would", "--limit", "7",
                                     "--since", "2023-11-14T22:13:20Z"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(
      server.handlers().asked(),
      std::vector<std::string>{"history text=needle since=1700000000000 class=infected would=true limit=7"});
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << "no colours but on a terminal";
  const std::size_t first = ran.out.find('\n'), second = ran.out.find('\n', first + 1);
  EXPECT_EQ(ran.out.substr(0, first).find("CLASS"),
            ran.out.substr(first + 1, second - first).find("infected"));
  EXPECT_NE(rastel_at(server, {"history"}, true).out.find("\x1b[31minfected\x1b[0m"), std::string::npos);
  const Ran lines = rastel_at(server, {"history", "--json"});
  EXPECT_EQ(std::ranges::count(lines.out, '\n'), 2);
  EXPECT_EQ(boost::json::parse(lines.out.substr(0, lines.out.find('\n'))).at("finding").as_string(), "Eicar");
}

TEST(Cli, HostileTextReachesNoTerminal) {
  control::TestServer server;
  server.handlers().hostile =
      "\x1b]0;owned\a\r\n\u202e\x9b"
      "31m";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"history"},
                                             {"history", "--json"},
                                             {"quarantine", "list"},
                                             {"quarantine", "list", "--json"},
                                             {"quarantine", "show", control::known_id},
                                             {"quarantine", "show", control::known_id, "--json"}}) {
    const Ran ran = rastel_at(server, arguments);
    EXPECT_EQ(ran.exit, 0);
    for (const char* bad : {"\x1b", "\a", "\r", "\u202e", "\x9b"})
      EXPECT_EQ(ran.out.find(bad), std::string::npos);
    EXPECT_NE(ran.out.find("owned"), std::string::npos);
  }
}

TEST(Cli, QuarantineVerbs) {
  control::TestServer server;
  const Ran list = rastel_at(server, {"quarantine", "list", "--recipient", "a@", "--all"});
  EXPECT_EQ(list.exit, 0);
  EXPECT_NE(list.out.find("b@example.com (released)"), std::string::npos) << list.out;
  const Ran show = rastel_at(server, {"quarantine", "show", control::known_id});
  EXPECT_NE(show.out.find("class:      unscanned(limit)\n"), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("to:         <b@example.com>  released\n"), std::string::npos);
  EXPECT_EQ(rastel_at(server, {"quarantine", "raw", control::known_id}).out, server.handlers().raw_bytes);
  const Ran released = rastel_at(server, {"quarantine", "release", control::known_id});
  EXPECT_EQ(released.exit, 0);
  EXPECT_EQ(released.out, control::known_id + ": released to <a@example.com>\n");
  const Ran refused = rastel_at(
      server, {"quarantine", "release", control::known_id, "--to", "x@example.com", "--to", "y@example.com"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_NE(refused.out.find("<y@example.com> is held still, the release hop says: 550"), std::string::npos)
      << refused.out;
  EXPECT_EQ(server.handlers().asked().back(),
            "release " + control::known_id + " to=x@example.com+y@example.com");
  EXPECT_EQ(rastel_at(server, {"quarantine", "delete", control::known_id}).exit, 0);
  EXPECT_EQ(rastel_at(server, {"quarantine", "purge"}).out, "removed: 7\n");
}

TEST(Cli, WhatIsNotThereIsOneAndTheOthersAreStillDone) {
  control::TestServer server;
  const Ran ran = rastel_at(server, {"quarantine", "release", "ffffffffffffffff", control::known_id});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_NE(ran.error.find("no message ffffffffffffffff is held"), std::string::npos);
  EXPECT_NE(ran.out.find("released to"), std::string::npos);
  EXPECT_EQ(rastel_at(server, {"quarantine", "show", "../../../etc/passwd"}).exit, 1);
}

TEST(Cli, ReloadSaysWhyItIsRefused) {
  control::TestServer server;
  EXPECT_EQ(rastel_at(server, {"reload"}).out, "configuration and signatures are in use\n");
  server.handlers().reload_fails = true;
  const Ran refused = rastel_at(server, {"reload"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_NE(refused.error.find("polcy"), std::string::npos);
}

TEST(Cli, ConfigCheckShowSampleReference) {
  const control::TemporaryFolder folder;
  const std::string file = folder.path() / "rastel.toml";
  std::ofstream(file) << "[policy]\ninfected = \"quarantine\"\n";
  EXPECT_EQ(rastel({"config", "check", "-c", file}).exit, 0);
  const Ran show = rastel({"config", "show", "-c", file});
  EXPECT_EQ(show.exit, 0);
  EXPECT_NE(show.out.find("infected"), std::string::npos);
  std::ofstream(file) << "[polcy]\n";
  const Ran wrong = rastel({"config", "check", "-c", file});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_NE(wrong.error.find("polcy"), std::string::npos);
  EXPECT_NE(rastel({"config", "sample"}).out, "");
  EXPECT_NE(rastel({"config", "reference"}).out, "");
}

TEST(CliTimes, Since) {
  const auto now = control::from_unix_ms(1'700'000'000'000);
  EXPECT_EQ(control::to_unix_ms(parse_since("2h", now).value()), 1'700'000'000'000 - 7'200'000);
  EXPECT_EQ(control::to_unix_ms(parse_since("2023-11-14", now).value()), 1'699'920'000'000);
  EXPECT_EQ(control::to_unix_ms(parse_since("2023-11-14T22:13", now).value()), 1'699'999'980'000);
  for (const char* wrong :
       {"", "2", "2023", "2023-13-01", "2023-11-14 22:13", "2023-11-14T22:13:20+01:00", "h"})
    EXPECT_FALSE(parse_since(wrong, now)) << wrong;
}

TEST(CliTable, WidthsCountCharactersAndLongCellsAreShortened) {
  Table table({{"A", 5}, {"B", 5, true}, {"C"}});
  table.add({{"äöü"}, {"1"}, {"end"}});
  table.add({{"0123456789"}, {"22"}, {""}});
  EXPECT_EQ(table.text(false), "A       B  C\näöü     1  end\n0123…  22\n");
  EXPECT_EQ(shortened("äöü", 2), "ä…");
  EXPECT_EQ(human_size(9999), "9999");
  EXPECT_EQ(human_size(10'240), "10 KiB");
  EXPECT_EQ(human_size(31'457'280), "30.0 MiB");
}

}  // namespace
}  // namespace rastel::cli
