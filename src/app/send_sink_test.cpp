// SPDX-License-Identifier: GPL-2.0-only
// The receiver and the load generator against each other, on unix sockets.
#include <fstream>
#include <sstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "app/control_for_test.hpp"
#include "app/send.hpp"
#include "app/sink.hpp"
#include "app/sink_maildir.hpp"
#include "net/stream.hpp"

namespace rastel {
namespace {

namespace asio = boost::asio;
using control::TemporaryFolder;

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// One thread runs both sides until everything is sent.
class SendAndSink {
 public:
  explicit SendAndSink(sink::Options options) {
    endpoint_.kind = Endpoint::Kind::unix_socket;
    endpoint_.path = folder_.path() / "sink.sock";
    lmtp_ = options.lmtp;
    auto listener = net::listen_on(endpoint_);
    EXPECT_TRUE(listener) << listener.error().what;
    auto opened = sink::Sink::open(
        io_.get_executor(), *std::move(listener), std::move(options), blocking_,
        [this](const sink::Received& message) { received_.push_back(message); }, [this] { ++finished_; });
    EXPECT_TRUE(opened);
    sink_ = *opened;
  }
  ~SendAndSink() { blocking_.join(); }

  send::Totals send(send::Options options) {
    options.to.endpoint = endpoint_;
    if (lmtp_) options.to.protocol = NextHop::Protocol::lmtp;
    if (options.recipients.empty()) options.recipients = {"a@example.com", "b@example.com"};
    send::Totals totals;
    asio::co_spawn(io_,
                   send::run(std::move(options), [this](const send::Sent& sent) { sent_.push_back(sent); }),
                   [&](const std::exception_ptr&, send::Totals result) {
                     totals = std::move(result);
                     io_.stop();
                   });
    io_.restart();
    io_.run();
    return totals;
  }
  void stop_listening() {
    sink_->close();
    std::filesystem::remove(endpoint_.path);
  }

  [[nodiscard]] const sink::Counts& counts() const { return sink_->counts(); }
  [[nodiscard]] const std::vector<sink::Received>& received() const { return received_; }
  [[nodiscard]] const std::vector<send::Sent>& sent() const { return sent_; }
  [[nodiscard]] int finished() const { return finished_; }

 private:
  TemporaryFolder folder_;
  Endpoint endpoint_;
  bool lmtp_ = false;
  inspect::BlockingPool blocking_{2};
  asio::io_context io_{1};
  std::shared_ptr<sink::Sink> sink_;
  std::vector<sink::Received> received_;
  std::vector<send::Sent> sent_;
  int finished_ = 0;
};

send::Options of_message(const std::string& bytes) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "mail", std::ios::binary) << bytes;
  send::Options options;
  options.messages = send::load({folder.path() / "mail"}, false).value();
  options.sender = "sender@example.org";
  return options;
}

TEST(SendSink, WhatIsSentArrivesByteForByteInTheMaildir) {
  const TemporaryFolder box;
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 1'000'000) large += ".dots ..\r\n.\r\nbytes \x80\xff\r\n";
  for (const bool lmtp : {false, true})
    for (const std::string& bytes :
         {std::string("Subject: x\r\n\r\n.\r\n..\r\nend\r\n"), std::string("\r\n"), large}) {
      sink::Options options;
      options.lmtp = lmtp;
      options.maildir = box.path();
      options.digests = true;
      SendAndSink both(options);
      const send::Totals totals = both.send(of_message(bytes));
      ASSERT_EQ(totals.accepted, 1U);
      EXPECT_EQ(totals.codes.at(250), 2U) << "a reply a recipient";
      ASSERT_EQ(both.received().size(), 1U);
      const sink::Received& received = both.received()[0];
      EXPECT_TRUE(content_of(box.path() / "new" / received.file) == bytes);
      EXPECT_EQ(received.sha256, sha256(bytes).hex());
      EXPECT_EQ(received.reverse_path, "sender@example.org");
      EXPECT_EQ(received.recipients, (std::vector<std::string>{"a@example.com", "b@example.com"}));
      EXPECT_EQ(received.helo, "send.invalid");
    }
  EXPECT_EQ(files_in(box.path() / "new"), 6U);
  EXPECT_EQ(files_in(box.path() / "tmp"), 0U);
}

TEST(SendSink, BareLineFeedsOfAFileBecomeWhole) {
  sink::Options options;
  options.digests = true;
  SendAndSink both(options);
  both.send(of_message("Subject: x\n\nline\n"));
  ASSERT_EQ(both.received().size(), 1U);
  EXPECT_EQ(both.received()[0].sha256, sha256("Subject: x\r\n\r\nline\r\n").hex());
}

TEST(SendSink, ManyMessagesOverManySessions) {
  sink::Options options;
  options.count = 300;
  SendAndSink both(options);
  send::Options load = of_message("Subject: x\r\n\r\ny\r\n");
  load.sessions = 7;
  load.count = 300;
  const send::Totals totals = both.send(std::move(load));
  EXPECT_EQ(totals.messages, 300U);
  EXPECT_EQ(totals.accepted, 300U);
  EXPECT_EQ(totals.trouble, 0U);
  EXPECT_EQ(totals.not_tried, 0U);
  EXPECT_EQ(totals.milliseconds.size(), 300U);
  EXPECT_LE(totals.percentile(50), totals.percentile(99));
  EXPECT_EQ(totals.percentile(100), static_cast<double>(totals.milliseconds.back()));
  EXPECT_EQ(both.counts().sessions, 7U);
  EXPECT_EQ(both.counts().messages, 300U);
  EXPECT_EQ(both.counts().recipients, 600U);
  EXPECT_EQ(both.finished(), 1);
}

TEST(SendSink, NoSinkIsTroubleAndTheRestIsNotTried) {
  SendAndSink both({});
  both.stop_listening();
  send::Options load = of_message("x\r\n");
  load.count = 100;
  const send::Totals totals = both.send(std::move(load));
  EXPECT_EQ(totals.accepted, 0U);
  EXPECT_EQ(totals.trouble, 3U);
  EXPECT_EQ(totals.not_tried, 97U);
  ASSERT_FALSE(both.sent().empty());
  EXPECT_FALSE(both.sent()[0].accepted());
  EXPECT_EQ(both.sent()[0].reply(), nullptr);
  EXPECT_NE(both.sent()[0].trouble, "");
}

TEST(SendSink, AMaildirThatFailsIs452AndNothingIsCounted) {
  const TemporaryFolder folder;
  const std::filesystem::path box = folder.path() / "box";
  sink::Options options;
  options.maildir = box;
  SendAndSink both(options);
  std::filesystem::remove_all(box);
  const send::Totals totals = both.send(of_message("Subject: x\r\n\r\ny\r\n"));
  EXPECT_EQ(totals.accepted, 0U);
  EXPECT_EQ(totals.codes, (std::map<int, std::uint64_t>{{452, 2}}));
  EXPECT_EQ(both.counts().messages, 0U);
  EXPECT_EQ(both.counts().failed, 1U);
}

TEST(SendSink, AMaildirThatFailsAtTheEndIs452) {
  const TemporaryFolder folder;
  const std::filesystem::path box = folder.path() / "box";
  ASSERT_TRUE(sink::create_maildir(box));
  auto file = sink::MaildirFile::create(box);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("bytes"));
  std::filesystem::remove_all(box / "new");
  EXPECT_FALSE(file->finish());
}

TEST(SendSink, AnUnfinishedMaildirFileIsRemoved) {
  const TemporaryFolder box;
  ASSERT_TRUE(sink::create_maildir(box.path()));
  {
    auto file = sink::MaildirFile::create(box.path());
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string(100'000, 'x')));
    EXPECT_EQ(files_in(box.path() / "tmp"), 1U);
  }
  EXPECT_EQ(files_in(box.path() / "tmp"), 0U);
  EXPECT_EQ(files_in(box.path() / "new"), 0U);
}

TEST(SendSink, UnusualAddressesAreSaidWithSmtputf8) {
  sink::Options options;
  SendAndSink both(options);
  send::Options load = of_message("Subject: x\r\n\r\ny\r\n");
  load.recipients = {"jürgen@example.com"};
  load.sender = "";
  EXPECT_EQ(both.send(std::move(load)).accepted, 1U);
  ASSERT_EQ(both.received().size(), 1U);
  EXPECT_EQ(both.received()[0].reverse_path, "");
  EXPECT_EQ(both.received()[0].recipients[0], "jürgen@example.com");
}

TEST(SendSink, TheReversePathCanSayWhichMessageItIs) {
  SendAndSink both({});
  send::Options load = of_message("x\r\n");
  load.sender = "m-{message}@example.org";
  load.messages[0].name = "/folder/00 1>\r\nQUIT.eml";
  EXPECT_EQ(both.send(std::move(load)).accepted, 1U);
  ASSERT_EQ(both.received().size(), 1U);
  EXPECT_EQ(both.received()[0].reverse_path, "m-001QUIT@example.org");
}

TEST(SendLoad, FoldersAreTakenInTheOrderOfNames) {
  const TemporaryFolder folder;
  for (const char* name : {"b", "a", ".hidden"}) std::ofstream(folder.path() / name) << name;
  const auto loads = send::load({folder.path()}, true);
  ASSERT_TRUE(loads);
  ASSERT_EQ(loads->size(), 2U);
  EXPECT_TRUE((*loads)[0].name.ends_with("/a"));
  const TemporaryFolder empty;
  EXPECT_FALSE(send::load({empty.path()}, true));
  EXPECT_FALSE(send::load({empty.path() / "missing"}, true));
}

TEST(SendTotals, PercentilesAreNearestRank) {
  send::Totals totals;
  EXPECT_EQ(totals.percentile(50), 0);
  for (int i = 1; i <= 10; ++i) totals.milliseconds.push_back(static_cast<float>(i));
  EXPECT_EQ(totals.percentile(50), 5);
  EXPECT_EQ(totals.percentile(90), 9);
  EXPECT_EQ(totals.percentile(99), 10);
  EXPECT_EQ(totals.percentile(100), 10);
}

}  // namespace
}  // namespace rastel
