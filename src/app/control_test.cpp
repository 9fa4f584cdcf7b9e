// SPDX-License-Identifier: GPL-2.0-only
#include <cstring>
#include <random>

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "app/control_client.hpp"
#include "app/control_for_test.hpp"
#include "app/control_request.hpp"

namespace rastel::control {
namespace {

namespace json = boost::json;

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

struct Asked {
  Result<> result;
  std::vector<json::object> rows;
  std::string bytes;
};

Asked ask(const std::string& path, const json::object& request) {
  auto client = ControlClient::connect(path);
  if (!client) return {std::unexpected(client.error()), {}, {}};
  Asked asked;
  asked.result = client->ask(
      request, soon(), [&](const json::object& row) { asked.rows.push_back(row); },
      [&](std::string_view bytes) { asked.bytes += bytes; });
  return asked;
}

// A client without manners.
class RawSocket {
 public:
  explicit RawSocket(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  // Up to the given text, or to the end of the connection.
  std::string read_until(std::string_view text) {
    std::string all;
    char byte;
    while (!all.ends_with(text) && recv(socket_.get(), &byte, 1, 0) == 1) all += byte;
    return all;
  }
  std::string read_all() { return read_until(std::string("\0never", 6)); }
  void half_close() { shutdown(socket_.get(), SHUT_WR); }

 private:
  FileDescriptor socket_;
};

TEST(ControlRequest, WhatIsNoRequestIsRefused) {
  for (const std::string line : {
           "",
           " ",
           "null",
           "[]",
           "\"status\"",
           "{",
           "{}",
           "{\"verb\":1}",
           "{\"verb\":null}",
           "{\"verb\":\"\"}",
           "{\"verb\":\"Status\"}",
           "{\"verb\":\"status \"}",
           "{\"verb\":\"quarantine\"}",
           "{\"verb\":\"status\"} x",
           "{\"verb\":\"status\",\"id\":\"0123456789abcdef\"}",
           "{\"verb\":\"status\",\"limit\":1}",
           "{\"verb\":\"history\",\"limit\":0}",
           "{\"verb\":\"history\",\"limit\":-1}",
           "{\"verb\":\"history\",\"limit\":\"1\"}",
           "{\"verb\":\"history\",\"limit\":1.5}",
           "{\"verb\":\"history\",\"limit\":18446744073709551615}",
           "{\"verb\":\"history\",\"text\":1}",
           "{\"verb\":\"history\",\"would\":1}",
           "{\"verb\":\"history\",\"since\":\"yesterday\"}",
           "{\"verb\":\"history\",\"all\":true}",
           "{\"verb\":\"quarantine list\",\"would\":true}",
           "{\"verb\":\"quarantine show\"}",
           "{\"verb\":\"quarantine show\",\"id\":\"\"}",
           "{\"verb\":\"quarantine show\",\"id\":\"../../etc/passwd\"}",
           "{\"verb\":\"quarantine show\",\"id\":\"0123456789ABCDEF\"}",
           "{\"verb\":\"quarantine show\",\"id\":\"0123456789abcde\"}",
           "{\"verb\":\"quarantine show\",\"id\":\"0123456789abcdef0\"}",
           "{\"verb\":\"quarantine show\",\"id\":81985529216486895}",
           "{\"verb\":\"quarantine release\",\"id\":\"0123456789abcdef\",\"to\":[]}",
           "{\"verb\":\"quarantine release\",\"id\":\"0123456789abcdef\",\"to\":\"a@b\"}",
           "{\"verb\":\"quarantine release\",\"id\":\"0123456789abcdef\",\"to\":[1]}",
           "{\"verb\":\"quarantine release\",\"id\":\"0123456789abcdef\",\"to\":[\"\"]}",
           "{\"verb\":\"quarantine delete\",\"id\":\"0123456789abcdef\",\"to\":[\"a@b\"]}",
           "{\"verb\":[[[[[[\"status\"]]]]]]}",
           "{\"verb\":\"status\",\"\xff\":1}",
       }) {
    const auto request = parse_request(line);
    ASSERT_FALSE(request) << line;
    EXPECT_EQ(request.error().kind, ErrorKind::invalid_input) << line;
    EXPECT_EQ(request.error().what.find('\n'), std::string::npos) << line;
  }
}

TEST(ControlRequest, EveryMemberArrives) {
  const auto history = parse_request(
      R"({"verb":"history","text":"x","since":1700000000000,"class":"infected","would":true,"limit":5})");
  ASSERT_TRUE(history);
  EXPECT_EQ(history->verb, Verb::history);
  EXPECT_EQ(history->history.text, "x");
  EXPECT_EQ(to_unix_ms(history->history.since.value()), 1700000000000);
  EXPECT_EQ(history->history.message_class, "infected");
  EXPECT_TRUE(history->history.only_observed);
  EXPECT_EQ(history->history.limit, 5U);
  const auto list = parse_request(
      R"({"verb":"quarantine list","recipient":"r","sender":"s","all":true,"limit":999999999})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->list.recipient, "r");
  EXPECT_EQ(list->list.sender, "s");
  EXPECT_FALSE(list->list.only_held);
  EXPECT_EQ(list->list.limit, most_rows);
  const auto release =
      parse_request(R"({"verb":"quarantine release","id":"0123456789abcdef","to":["a@b","c@d"]})");
  ASSERT_TRUE(release);
  EXPECT_EQ(release->to, (std::vector<std::string>{"a@b", "c@d"}));
}

TEST(ControlRequest, TimesBeyondTheClockAreItsEnds) {
  const auto far = parse_request(R"({"verb":"history","since":9223372036854775807})");
  ASSERT_TRUE(far);
  EXPECT_GT(to_unix_ms(far->history.since.value()), 4'000'000'000'000);
  const auto before = parse_request(R"({"verb":"history","since":-9223372036854775808})");
  ASSERT_TRUE(before);
  EXPECT_EQ(to_unix_ms(before->history.since.value()), 0);
}

TEST(ControlRequest, BentLinesNeverCrash) {
  const std::string whole =
      R"({"verb":"quarantine release","id":"0123456789abcdef","to":["a@example.com","b@example.com"],"x":{"y":[1,2.5e9,null]}})";
  std::minstd_rand random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bent = whole.substr(0, random() % (whole.size() + 1));
    for (std::uint32_t changes = random() % 4; changes > 0 && !bent.empty(); --changes)
      bent[random() % bent.size()] = static_cast<char>(random());
    if (!parse_request(bent)) ++refused;
  }
  EXPECT_EQ(refused, 5000U) << "the member x makes each of them wrong";
}

TEST(Control, EveryVerb) {
  TestServer server;
  const auto status = ask(server.path(), {{"verb", "status"}});
  ASSERT_TRUE(status.result) << status.result.error().what;
  ASSERT_EQ(status.rows.size(), 1U);
  EXPECT_EQ(status.rows[0].at("workers").at("idle").as_int64(), 2);

  const auto history = ask(server.path(), {{"verb", "history"}, {"text", "x"}, {"limit", 3}});
  ASSERT_TRUE(history.result);
  ASSERT_EQ(history.rows.size(), 2U);
  EXPECT_EQ(history.rows[1].at("finding").as_string(), "Eicar");
  EXPECT_EQ(history.rows[1].at("time").as_string(), "2023-11-14T22:13:20Z");

  const auto list = ask(server.path(), {{"verb", "quarantine list"}, {"recipient", "a@"}});
  ASSERT_TRUE(list.result);
  ASSERT_EQ(list.rows.size(), 1U);
  EXPECT_EQ(list.rows[0].at("class").as_string(), "unscanned(limit)");
  EXPECT_EQ(list.rows[0].at("to").at(1).at("state").as_string(), "released");

  const auto show = ask(server.path(), {{"verb", "quarantine show"}, {"id", known_id}});
  ASSERT_TRUE(show.result);
  EXPECT_EQ(show.rows.at(0).at("sha256").as_string(), sha256(server.handlers().raw_bytes).hex());

  const auto release = ask(server.path(), {{"verb", "quarantine release"}, {"id", known_id}});
  ASSERT_TRUE(release.result);
  EXPECT_EQ(release.rows.at(0).at("released").as_array().size(), 1U);

  EXPECT_TRUE(ask(server.path(), {{"verb", "quarantine delete"}, {"id", known_id}}).result);
  EXPECT_EQ(ask(server.path(), {{"verb", "quarantine purge"}}).rows.at(0).at("removed").as_int64(), 7);
  EXPECT_EQ(ask(server.path(), {{"verb", "reload"}}).rows.at(0).at("done").as_string(),
            "configuration and signatures are in use");
  EXPECT_TRUE(ask(server.path(), {{"verb", "drain"}}).result);
  EXPECT_EQ(server.handlers().asked(),
            (std::vector<std::string>{
                "status", "history text=x since=-1 class=- would=false limit=3",
                "list recipient=a@ sender=- since=-1 held=true limit=1000", "show " + known_id,
                "release " + known_id + " to=", "delete " + known_id, "purge", "reload", "drain"}));
}

TEST(Control, AnErrorKeepsItsKindAndTheConnectionGoesOn) {
  TestServer server;
  auto client = ControlClient::connect(server.path());
  ASSERT_TRUE(client);
  const json::object missing{{"verb", "quarantine show"}, {"id", "ffffffffffffffff"}};
  const auto answer = client->ask(missing, soon(), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::not_found);
  EXPECT_EQ(answer.error().what, "no message ffffffffffffffff is held");
  const auto unknown = client->ask({{"verb", "quarantine eat"}}, soon(), {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::invalid_input);
  EXPECT_TRUE(client->ask({{"verb", "status"}}, soon(), {}));
}

TEST(Control, RawBytesArriveExactly) {
  std::minstd_rand random(3);
  for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 3'000'001U}) {
    TestServer server;
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    server.handlers().raw_bytes = bytes;
    const auto raw = ask(server.path(), {{"verb", "quarantine raw"}, {"id", known_id}});
    ASSERT_TRUE(raw.result) << raw.result.error().what;
    EXPECT_TRUE(raw.bytes == bytes) << size;
    EXPECT_TRUE(raw.rows.empty());
  }
}

TEST(Control, ManyRowsArrive) {
  TestServer server;
  server.handlers().history_rows = 20'000;
  const auto history = ask(server.path(), {{"verb", "history"}});
  ASSERT_TRUE(history.result);
  EXPECT_EQ(history.rows.size(), 20'000U);
}

TEST(Control, HostileTextIsEscapedAndStaysOneLine) {
  TestServer server;
  server.handlers().hostile = "\x1b[31m\r\n{\"end\":true}\xff\xe2\x80\xae";
  const auto list = ask(server.path(), {{"verb", "quarantine list"}});
  ASSERT_TRUE(list.result) << list.result.error().what;
  ASSERT_EQ(list.rows.size(), 1U);
  const std::string_view subject = list.rows[0].at("subject").as_string();
  EXPECT_EQ(subject, "A subject\\x1b[31m\\x0d\\x0a{\"end\":true}\\xff\\xe2\\x80\\xae");
  EXPECT_TRUE(ask(server.path(), {{"verb", "history"}}).result);
}

Result<json::object> scan(const std::string& path, std::string_view bytes) {
  RASTEL_TRY(auto client, ControlClient::connect(path));
  RASTEL_TRY(const auto message, message_from_bytes(bytes, "/tmp"));
  return client.scan(*message, soon());
}

TEST(ControlScan, MessagesOfEverySizeArriveWhole) {
  TestServer server;
  std::vector<std::string> expected;
  auto client = ControlClient::connect(server.path());
  ASSERT_TRUE(client);
  for (const std::size_t size : {0UL, 1UL, 70'000UL, 256UL * 1024, 300'000UL, 1UL << 20}) {
    std::string bytes(size, 'x');
    if (size > 0) bytes.back() = '\n';
    const auto message = message_from_bytes(bytes, "/tmp");
    const auto row = client->scan(**message, soon());
    ASSERT_TRUE(row) << row.error().what;
    EXPECT_EQ(row->at("class").as_string(), "clean");
    expected.push_back("scan " + std::to_string(size) + " " + sha256(bytes).hex().substr(0, 8));
  }
  EXPECT_EQ(server.handlers().asked(), expected);
}

TEST(ControlScan, OverTheLimitIsRefusedBeforeAByteIsSentAndTheConnectionGoesOn) {
  TestServer server;
  server.handlers().most_bytes = 10;
  const auto refused = scan(server.path(), "eleven bytes");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::hostile_message);
  RawSocket raw(server.path());
  raw.send("{\"verb\":\"scan\",\"bytes\":11}\n{\"verb\":\"status\"}\n");
  EXPECT_NE(raw.read_until("\n").find("max_message"), std::string::npos);
  EXPECT_NE(raw.read_until("\n").find("ready"), std::string::npos);
}

TEST(ControlScan, WhatIsInAMessageIsNoRequest) {
  TestServer server;
  const std::string purge = "{\"verb\":\"quarantine purge\"}\n";
  ASSERT_TRUE(scan(server.path(), purge));
  RawSocket raw(server.path());  // one that doesn't wait for the go-ahead, and asks for more behind it
  raw.send("{\"verb\":\"scan\",\"bytes\":" + std::to_string(purge.size()) + "}\n" + purge +
           "{\"verb\":\"status\"}\n");
  EXPECT_EQ(raw.read_until("\n"), "{\"send\":" + std::to_string(purge.size()) + "}\n");
  EXPECT_NE(raw.read_until("{\"end\":true}\n").find("clean"), std::string::npos);
  EXPECT_NE(raw.read_until("{\"end\":true}\n").find("ready"), std::string::npos);
  RawSocket leaves(server.path());
  leaves.send("{\"verb\":\"scan\",\"bytes\":1000}\n" + purge);
  leaves.half_close();
  EXPECT_EQ(leaves.read_all(), "{\"send\":1000}\n") << "half a message is none";
  for (const std::string& asked : server.handlers().asked())
    EXPECT_EQ(asked.find("purge"), std::string::npos);
}

TEST(ControlScan, AClientThatStopsSendingIsClosed) {
  ServerLimits limits;
  limits.patience = std::chrono::milliseconds(200);
  TestServer server(limits);
  RawSocket raw(server.path());
  raw.send("{\"verb\":\"scan\",\"bytes\":1000}\nhalf of it");
  EXPECT_EQ(raw.read_all(), "{\"send\":1000}\n");
  EXPECT_TRUE(server.handlers().asked().empty());
}

TEST(ControlScan, ThePageMayNot) {
  ServerLimits limits;
  limits.audience = Audience::page;
  TestServer server(limits);
  const auto refused = scan(server.path(), "Subject: x\r\n\r\n");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("the page must not ask for this"), std::string::npos);
  EXPECT_TRUE(server.handlers().asked().empty());
}

TEST(ControlScan, TheNumberOfBytesIsOne) {
  for (const char* line :
       {R"({"verb":"scan"})", R"({"verb":"scan","bytes":-1})", R"({"verb":"scan","bytes":"1"})",
        R"({"verb":"scan","bytes":1.5})", R"({"verb":"scan","bytes":1,"id":"0123456789abcdef"})",
        R"({"verb":"status","bytes":1})"})
    EXPECT_FALSE(parse_request(line)) << line;
  const auto request = parse_request(R"({"verb":"scan","bytes":1099511627776})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->bytes, 1ULL << 40);
  EXPECT_FALSE(page_may(*request));
}

TEST(Control, RequestsByteByByteAndTogether) {
  TestServer server;
  RawSocket slow(server.path());
  for (const char byte : std::string_view("{\"verb\":\"quarantine purge\"}\n"))
    ASSERT_TRUE(slow.send({&byte, 1}));
  EXPECT_EQ(slow.read_until("{\"end\":true}\n"), "{\"removed\":7}\n{\"end\":true}\n");
  ASSERT_TRUE(slow.send("{\"verb\":\"drain\"}\n\n{\"verb\":\"quarantine purge\"}\n{\"verb\":"));
  EXPECT_EQ(slow.read_until("7}\n{\"end\":true}\n"),
            "{\"done\":\"no new sessions are taken\"}\n{\"end\":true}\n"
            "{\"error\":\"a request is one line with one JSON object\",\"kind\":\"invalid_input\"}\n"
            "{\"removed\":7}\n{\"end\":true}\n");
  slow.half_close();
  EXPECT_EQ(slow.read_all(), "") << "half a request is no request";
}

TEST(Control, AnEndlessLineIsCutOff) {
  TestServer server;
  RawSocket socket(server.path());
  const std::string much(1 << 20, 'x');
  // Sending fails once the server has closed: that is what is wanted.
  (void)socket.send(much);
  (void)socket.send("\n{\"verb\":\"drain\"}\n");
  (void)socket.read_all();
  EXPECT_TRUE(ask(server.path(), {{"verb", "status"}}).result);
  EXPECT_EQ(server.handlers().asked(), std::vector<std::string>{"status"})
      << "the tail must not become a request";
}

TEST(Control, ASilentClientIsClosed) {
  TestServer server({.most_connections = 4, .patience = std::chrono::milliseconds(50)});
  RawSocket silent(server.path());
  ASSERT_TRUE(silent.send("{\"verb\":"));
  EXPECT_EQ(silent.read_all(), "");
}

TEST(Control, ConnectionsAreBounded) {
  TestServer server({.most_connections = 2, .patience = std::chrono::seconds(30)});
  RawSocket first(server.path()), second(server.path());
  for (RawSocket* socket : {&first, &second}) {
    ASSERT_TRUE(socket->send("{\"verb\":\"drain\"}\n"));
    EXPECT_NE(socket->read_until("{\"end\":true}\n"), "");
  }
  const auto third = ask(server.path(), {{"verb", "status"}});
  ASSERT_FALSE(third.result);
  EXPECT_EQ(third.result.error().kind, ErrorKind::busy);
  first.half_close();
  (void)first.read_all();
  EXPECT_TRUE(ask(server.path(), {{"verb", "status"}}).result) << "a place that became free is taken again";
}

TEST(Control, NobodyThereIsSaidHelpfully) {
  const TemporaryFolder folder;
  const auto client = ControlClient::connect(folder.path() / "control.sock");
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().kind, ErrorKind::peer_closed);
  EXPECT_NE(client.error().what.find("is it running"), std::string::npos);
  EXPECT_FALSE(ControlClient::connect(std::string(200, 'x')));
}

TEST(Control, ADaemonThatDiesInTheMiddleIsAnError) {
  std::optional<TestServer> server;
  server.emplace();
  auto client = ControlClient::connect(server->path());
  ASSERT_TRUE(client);
  ASSERT_TRUE(client->ask({{"verb", "status"}}, soon(), {}));
  server.reset();
  const auto answer = client->ask({{"verb", "status"}}, soon(), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::peer_closed);
}

}  // namespace
}  // namespace rastel::control
