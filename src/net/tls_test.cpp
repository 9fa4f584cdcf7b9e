// SPDX-License-Identifier: GPL-2.0-only
// Stream over TLS, both ends our own over a socket pair: what the peers of tests/test_door_tls.py can't be
// made to do at will (a byte at a time, silence, being cut off, millions of octets).
#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/certificates_for_test.hpp"
#include "net/stream.hpp"

namespace rastel::net {
namespace {

namespace asio = boost::asio;
using for_test::Authority;
using testing::HasSubstr;
using Verification = TlsClient::Verification;

// A stream's watchdog outlives what it watched, so the context itself never runs dry.
struct Loop {
  asio::io_context context;
  int running = 0;

  void start(asio::awaitable<void> task) {
    ++running;
    asio::co_spawn(context, std::move(task), [this](const std::exception_ptr&) { --running; });
  }
  void run() {
    while (running > 0) context.run_one();
  }
};

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

std::shared_ptr<const TlsServer> server_with(const std::vector<CertificateAndKey>& certificates) {
  std::vector<std::string> remarks;
  return TlsServer::create(certificates, TlsVersion::v1_2, remarks).value();
}

std::array<FileDescriptor, 2> connected() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

struct Ends {
  explicit Ends(Loop& loop, std::array<FileDescriptor, 2> pair = connected())
      : left(adopt(loop.context.get_executor(), std::move(pair[0])).value()),
        right(adopt(loop.context.get_executor(), std::move(pair[1])).value()) {}
  Stream left, right;
};

// A server and a client; what each did by the time the context has nothing left to do.
struct Handshake {
  Result<> server = fail(ErrorKind::ours, "never ended"), client = fail(ErrorKind::ours, "never ended");
  std::string server_version, client_version;
  bool verified = false;
};

asio::awaitable<void> accept_tls(Stream& stream, std::shared_ptr<const TlsServer> with, Handshake& result) {
  result.server = co_await stream.start_tls(std::move(with), soon());
  result.server_version = stream.tls_version();
  if (!result.server) stream.close();
}

asio::awaitable<void> connect_tls(Stream& stream, std::shared_ptr<const TlsClient> with, Handshake& result) {
  result.client = co_await stream.start_tls(std::move(with), soon());
  result.client_version = stream.tls_version();
  result.verified = stream.tls_verified();
  if (!result.client) stream.close();
}

Handshake shake(Loop& loop, Ends& ends, std::shared_ptr<const TlsServer> server,
                std::shared_ptr<const TlsClient> client) {
  Handshake result;
  loop.start(accept_tls(ends.left, std::move(server), result));
  loop.start(connect_tls(ends.right, std::move(client), result));
  loop.run();
  return result;
}

Handshake shake(std::shared_ptr<const TlsServer> server, std::shared_ptr<const TlsClient> client) {
  Loop loop;
  Ends ends(loop);
  return shake(loop, ends, std::move(server), std::move(client));
}

std::string verdict_on(const CertificateAndKey& shown, const TlsClient::Roots& roots,
                       const std::string& name) {
  const auto client = TlsClient::create(Verification::chain_and_name, name, roots).value();
  const Handshake result = shake(server_with({shown}), client);
  EXPECT_EQ(result.verified, result.client.has_value());
  return result.client ? "trusted" : result.client.error().what;
}

TEST(Tls, AClientBelievesAChainAndAName) {
  const Authority authority;
  const Authority other;
  const auto good = authority.issue({.names = {"mx.example", "*.wild.example"}, .address = "192.0.2.1"});
  const auto roots = authority.roots();
  EXPECT_EQ(verdict_on(good, roots, "mx.example"), "trusted");
  EXPECT_EQ(verdict_on(good, roots, "MX.Example"), "trusted");
  EXPECT_EQ(verdict_on(good, roots, "a.wild.example"), "trusted");
  EXPECT_EQ(verdict_on(good, roots, "192.0.2.1"), "trusted");
  for (const char* wrong :
       {"mx.example.attacker.example", "x.mx.example", "a.b.wild.example", "wild.example"})
    EXPECT_THAT(verdict_on(good, roots, wrong), HasSubstr("ostname mismatch")) << wrong;
  EXPECT_THAT(verdict_on(good, roots, "192.0.2.2"), HasSubstr("IP address mismatch"));
  EXPECT_THAT(verdict_on(good, other.roots(), "mx.example"), HasSubstr("not trusted"));
  EXPECT_THAT(verdict_on(authority.issue({.valid_from_days = -9, .valid_days = 8}), roots, "mx.example"),
              HasSubstr("expired"));
  EXPECT_THAT(verdict_on(authority.issue({.valid_from_days = 2}), roots, "mx.example"),
              HasSubstr("not yet valid"));
  // Whoever doesn't say whom he expects expects nobody, rather than anybody.
  Loop loop;
  Ends ends(loop);
  const auto nameless = TlsClient::create(Verification::chain_and_name, "", roots).value();
  EXPECT_FALSE(shake(loop, ends, server_with({good}), nameless).client);
}

TEST(Tls, WithoutVerificationAnybodyWillDoAndIsNotCalledVerified) {
  const Authority authority;
  const auto client = TlsClient::create(Verification::none, "other.example", authority.roots()).value();
  const Handshake result =
      shake(server_with({authority.issue({.valid_from_days = -9, .valid_days = 1})}), client);
  EXPECT_TRUE(result.client && result.server);
  EXPECT_FALSE(result.verified);
  EXPECT_EQ(result.client_version, "TLSv1.3");
  EXPECT_EQ(result.server_version, "TLSv1.3");
}

TEST(Tls, TheCertificateIsChosenByTheNameAskedFor) {
  const Authority authority;
  const auto server = server_with({authority.issue({.names = {"first.example"}}),
                                   authority.issue({.names = {"second.example", "*.many.example"}}),
                                   authority.issue({.names = {"third.example"}})});
  const auto asks = [&](const std::string& name) {
    const auto client = TlsClient::create(Verification::chain_and_name, name, authority.roots()).value();
    return shake(server, client).client.has_value();
  };
  for (const char* name :
       {"first.example", "second.example", "x.many.example", "third.example", "THIRD.example"})
    EXPECT_TRUE(asks(name)) << name;
  EXPECT_FALSE(asks("fourth.example"));
}

TEST(Tls, WhatIsWrongWithCertificatesAndKeysIsSaid) {
  const Authority authority;
  const CertificateAndKey good = authority.issue();
  const auto trouble = [](const CertificateAndKey& given) {
    std::vector<std::string> remarks;
    const auto made = TlsServer::create({given}, TlsVersion::v1_2, remarks);
    return made ? "fine" : made.error().what;
  };
  EXPECT_EQ(trouble(good), "fine");
  CertificateAndKey other = good;
  other.key = authority.issue().key;
  EXPECT_THAT(trouble(other),
              HasSubstr("mx.example.key: the key doesn't belong to the certificate mx.example.pem"));
  other.key = "";
  EXPECT_THAT(trouble(other), HasSubstr("mx.example.key: no private key"));
  other.key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_THAT(trouble(other), HasSubstr("passphrase"));
  other = good;
  other.certificate = good.key;
  EXPECT_THAT(trouble(other), HasSubstr("mx.example.pem: no certificate in PEM"));
  other.certificate = good.certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_THAT(trouble(other), HasSubstr("damaged"));
  std::vector<std::string> remarks;
  EXPECT_TRUE(TlsServer::create({authority.issue({.valid_from_days = -9, .valid_days = 8})}, TlsVersion::v1_2,
                                remarks));
  ASSERT_EQ(remarks.size(), 1U);
  EXPECT_THAT(remarks[0], HasSubstr("expired"));
  for (const std::string& pem : {std::string(), std::string("no PEM"), good.key})
    EXPECT_FALSE(TlsClient::create(Verification::none, "", TlsClient::Roots{"roots.pem", pem}));
}

asio::awaitable<void> copy(Stream& from, std::string& into, std::size_t until) {
  while (into.size() < until) {
    const auto bytes = co_await from.read(soon());
    EXPECT_TRUE(bytes) << bytes.error().what;
    if (!bytes) co_return;
    into += *bytes;
  }
}

asio::awaitable<void> send_all(Stream& to, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const Result<> written = co_await to.write(bytes.substr(at, piece), soon());
    EXPECT_TRUE(written) << (written ? "" : written.error().what);
    if (!written) co_return;
  }
}

struct TlsStream : testing::Test {
  Authority authority;
  Loop loop;
  Ends ends{loop};
  void SetUp() override {
    const auto client = TlsClient::create(Verification::none, "", authority.roots()).value();
    ASSERT_TRUE(shake(loop, ends, server_with({authority.issue()}), client).client);
  }
  void run() { loop.run(); }
};

TEST_F(TlsStream, CarriesMillionsOfOctetsBothWaysAtOnce) {
  std::string big(5'000'000, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 2654435761U >> 24U);
  std::string right_got;
  std::string left_got;
  loop.start(send_all(ends.left, big, big.size()));
  loop.start(copy(ends.right, right_got, big.size()));
  loop.start(send_all(ends.right, big, 70'000));
  loop.start(copy(ends.left, left_got, big.size()));
  run();
  EXPECT_TRUE(right_got == big) << right_got.size();
  EXPECT_TRUE(left_got == big) << left_got.size();
}

TEST_F(TlsStream, CarriesAByteAtATime) {
  const std::string text = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";
  std::string got;
  loop.start(send_all(ends.left, text, 1));
  loop.start(copy(ends.right, got, text.size()));
  run();
  EXPECT_EQ(got, text);
}

asio::awaitable<void> read_error(Stream& stream, Deadline deadline, std::optional<Error>& error) {
  const auto bytes = co_await stream.read(deadline);
  if (!bytes) error = bytes.error();
}

TEST_F(TlsStream, ADeadlineEndsAReadAndWordsCanStillFollow) {
  std::optional<Error> error;
  loop.start(read_error(ends.left, Deadline::in(std::chrono::milliseconds(20)), error));
  run();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::timed_out);
  std::string got;
  loop.start(send_all(ends.left, "421 bye\r\n", 100));
  loop.start(copy(ends.right, got, 9));
  run();
  EXPECT_EQ(got, "421 bye\r\n");
}

TEST_F(TlsStream, AReadCanBeInterrupted) {
  std::optional<Error> error;
  loop.start(read_error(ends.left, soon(), error));
  loop.context.run_for(std::chrono::milliseconds(20));
  ASSERT_FALSE(error);
  ends.left.interrupt_read();
  run();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::cancelled);
}

TEST_F(TlsStream, AStreamThatIsClosedEndsItsWaits) {
  std::optional<Error> error;
  loop.start(read_error(ends.left, soon(), error));
  loop.context.run_for(std::chrono::milliseconds(20));
  ends.left.close();
  run();
  EXPECT_TRUE(error);
  EXPECT_EQ(ends.left.tls_version(), "");
}

TEST_F(TlsStream, AnEndThatWasSaidIsAnEnd) {
  EXPECT_FALSE(ends.left.peer_is_gone());
  ends.right.close();
  EXPECT_TRUE(ends.left.peer_is_gone());
  std::optional<Error> error;
  loop.start(read_error(ends.left, soon(), error));
  run();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::peer_closed);
  EXPECT_THAT(error->what, HasSubstr("closed"));
}

// Without close_notify an attacker may have cut the connection: it must not look like an end.
TEST_F(TlsStream, ACutIsToldFromAnEnd) {
  ends.right.abort();
  EXPECT_TRUE(ends.left.peer_is_gone());
  std::optional<Error> error;
  loop.start(read_error(ends.left, soon(), error));
  run();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::peer_closed);
  EXPECT_THAT(error->what, testing::Not(HasSubstr("closed the connection")));
}

TEST_F(TlsStream, UnreadBytesHideAnEndBehindThem) {
  loop.start(send_all(ends.right, "QUIT\r\n", 100));
  run();
  ends.right.close();
  EXPECT_FALSE(ends.left.peer_is_gone());
  std::string got;
  loop.start(copy(ends.left, got, 6));
  run();
  EXPECT_EQ(got, "QUIT\r\n");
  EXPECT_TRUE(ends.left.peer_is_gone());
}

TEST_F(TlsStream, MovesWithItsTls) {
  Stream moved = std::move(ends.left);
  std::string got;
  loop.start(send_all(moved, "250 ok\r\n", 100));
  loop.start(copy(ends.right, got, 8));
  run();
  EXPECT_EQ(got, "250 ok\r\n");
  EXPECT_EQ(moved.tls_version(), "TLSv1.3");
}

TEST(Tls, ASilentPeerEndsAHandshakeAtItsDeadline) {
  const Authority authority;
  Loop loop;
  Ends ends(loop);
  std::optional<Result<>> done;
  const auto server = server_with({authority.issue()});
  const auto wait = [](Stream& stream, std::shared_ptr<const TlsServer> with,
                       std::optional<Result<>>& into) -> asio::awaitable<void> {
    into = co_await stream.start_tls(std::move(with), Deadline::in(std::chrono::milliseconds(20)));
  };
  loop.start(wait(ends.left, server, done));
  loop.run();
  ASSERT_TRUE(done.has_value());
  ASSERT_FALSE(*done);
  EXPECT_EQ(done->error().kind, ErrorKind::timed_out);
}

// What was sent in clear behind STARTTLS never becomes text of the TLS connection.
TEST(Tls, ClearTextInPlaceOfAHandshakeIsRefused) {
  const Authority authority;
  for (const std::string text : {"NOOP\r\nMAIL FROM:<a@b>\r\n", "\r\n", "\x16\x03\x01\xff\xff garbage"}) {
    Loop loop;
    Ends ends(loop);
    Handshake result;
    loop.start(accept_tls(ends.left, server_with({authority.issue()}), result));
    loop.start(send_all(ends.right, text, 100));
    loop.context.run_for(std::chrono::milliseconds(50));
    ends.right.close();
    loop.run();
    EXPECT_FALSE(result.server) << text;
  }
}

}  // namespace
}  // namespace rastel::net
