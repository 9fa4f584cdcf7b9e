// SPDX-License-Identifier: GPL-2.0-only
#include "app/sink.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/sink_maildir.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"
#include "net/acceptor.hpp"
#include "net/stream.hpp"
#include "protocol/smtp/server_machine.hpp"

namespace rastel::sink {
namespace {

namespace asio = boost::asio;
using namespace smtp;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto patience = std::chrono::minutes(5);  // RFC 5321 4.5.3.2.7
constexpr std::uint64_t largest = 1ULL << 30;       // bytes

// What all sessions share. Kept alive by each of them.
struct Shared {
  Shared(Options given, inspect::BlockingPool& pool) : options(std::move(given)), blocking(pool) {}
  const Options options;
  inspect::BlockingPool& blocking;
  std::function<void(const Received&)> on_message;
  std::function<void()> on_finished;
  Counts counts;
};

Keywords offered() {
  Keywords keywords;
  for (const char* keyword : {"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES"})
    keywords.set(keyword);
  keywords.set("SIZE", std::to_string(largest));
  keywords.set("XFORWARD", "NAME ADDR PORT PROTO HELO IDENT SOURCE");
  return keywords;
}

ServerOptions server_options(const Options& options) {
  ServerOptions server;
  server.protocol = options.lmtp ? Protocol::lmtp : Protocol::smtp;
  server.most_content = largest;
  server.may_xforward = true;
  return server;
}

class Session {
 public:
  Session(net::Stream stream, std::shared_ptr<Shared> shared)
      : stream_(std::move(stream)), shared_(std::move(shared)), machine_(server_options(shared_->options)) {}

  asio::awaitable<void> hold() {
    machine_.greet(
        {220, shared_->options.hostname + (shared_->options.lmtp ? " LMTP" : " ESMTP") + " rastel sink"});
    while (co_await send_output() && !machine_.closing()) {
      const auto bytes = co_await stream_.read(Deadline::in(patience));
      if (!bytes) break;
      machine_.receive(*bytes);
      while (auto event = machine_.next()) {
        if (std::holds_alternative<event::EndOfContent>(*event)) {
          co_await end_of_content();
        } else {
          std::visit([this](const auto& one) { take(one); }, *event);
        }
      }
    }
    if (receiving_) ++shared_->counts.broken_off;
  }

 private:
  // One write for all that is to be said, so that a pipelining client gets one packet.
  asio::awaitable<bool> send_output() {
    if (!machine_.has_output()) co_return true;
    const std::string output = machine_.take_output();
    const auto sent = co_await stream_.write(output, Deadline::in(patience));
    if (sent && std::exchange(finishing_, false)) shared_->on_finished();
    co_return sent.has_value();
  }

  void take(const event::Hello& hello) {
    forget();
    helo_ = hello.name;
    machine_.answer_hello(shared_->options.hostname, offered());
  }
  void take(const event::Mail& mail) {
    message_ = {};
    message_.reverse_path = mail.path.address;
    machine_.answer({250, "2.1.0 Ok"});
  }
  void take(const event::Rcpt& rcpt) {
    message_.recipients.push_back(rcpt.path.address);
    machine_.answer({250, "2.1.5 Ok"});
  }
  void take(const event::Data&) {
    if (shared_->options.maildir) {
      auto file = MaildirFile::create(*shared_->options.maildir);
      if (!file) {
        log::error("{}", file.error().what);
        ++shared_->counts.failed;
        return machine_.answer({452, "4.3.1 Error: can't store the message"});
      }
      file_.emplace(*std::move(file));
    }
    receiving_ = true;
    machine_.answer({354, "End data with <CR><LF>.<CR><LF>"});
  }
  void take(const event::Content& content) {
    message_.size += content.bytes.size();
    if (message_.size > largest) return refuse({552, "5.3.4 Error: the message is too large"});
    if (shared_->options.digests) hash_.update(content.bytes);
    if (!file_) return;
    if (const auto written = file_->write(content.bytes); !written) {
      log::error("{}", written.error().what);
      refuse({452, "4.3.1 Error: can't store the message"});
    }
  }
  void take(const event::EndOfContent&) {}  // end_of_content()
  void take(const event::Reset&) {
    forget();
    machine_.answer({250, "2.0.0 Ok"});
  }
  void take(const event::Noop&) { machine_.answer({250, "2.0.0 Ok"}); }
  void take(const event::Quit&) { machine_.answer({221, "2.0.0 Bye"}); }
  void take(const event::Relay&) { machine_.answer({252, "2.0.0 Send some mail, I'll try"}); }
  void take(const event::Xforward& xforward) {
    std::string name, address;
    for (const Attribute& attribute : xforward.attributes) {
      if (attribute.name == "NAME") name = attribute.value;
      if (attribute.name == "ADDR") address = attribute.value;
    }
    client_ = name + '[' + address + ']';
    machine_.answer({250, "2.0.0 Ok"});
  }
  // Never offered, so none of these comes.
  void take(const event::StartTls&) { machine_.answer({454, "4.7.0 Error: no TLS here"}); }
  void take(const event::Xclient&) { machine_.answer({550, "5.7.1 Error: insufficient authorization"}); }
  void take(const event::Auth&) { machine_.answer({502, "5.5.1 Error: command not implemented"}); }
  void take(const event::Violation& violation) {
    machine_.answer({554, "5.5.0 Error: " + std::string(violation.what)});
  }

  void refuse(Reply reply) {
    machine_.refuse_content(std::move(reply));
    ++shared_->counts.failed;
    forget();
  }

  void forget() {
    receiving_ = false;
    file_.reset();
    (void)hash_.finish();
    message_ = {};
  }

  asio::awaitable<void> end_of_content() {
    const std::size_t recipients = machine_.recipients();
    if (shared_->options.digests) message_.sha256 = hash_.finish().hex();
    std::optional<Result<std::string>> stored;
    if (file_) {
      stored = co_await shared_->blocking.run([this] { return file_->finish(); });
      file_.reset();
    }
    if (shared_->options.delay_reply.count() > 0) {
      asio::steady_timer timer(stream_.executor(), shared_->options.delay_reply);
      (void)co_await timer.async_wait(as_awaitable);
    }
    receiving_ = false;
    Reply reply(250, "2.0.0 Ok: taken");
    if (stored && !*stored) {
      log::error("{}", stored->error().what);
      ++shared_->counts.failed;
      reply = Reply(452, "4.3.1 Error: can't store the message");
    } else {
      if (stored) message_.file = **stored;
      count_message();
    }
    if (shared_->options.lmtp) {
      machine_.answer_recipients(std::vector<Reply>(recipients, reply));
    } else {
      machine_.answer(reply);
    }
    message_ = {};
  }

  void count_message() {
    Counts& counts = shared_->counts;
    ++counts.messages;
    counts.recipients += message_.recipients.size();
    counts.bytes += message_.size;
    message_.helo = helo_;
    message_.client = std::exchange(client_, {});
    if (shared_->on_message) shared_->on_message(message_);
    if (counts.messages == shared_->options.count && shared_->on_finished) finishing_ = true;
  }

  net::Stream stream_;
  std::shared_ptr<Shared> shared_;
  ServerMachine machine_;
  std::string helo_, client_;
  Received message_;
  std::optional<MaildirFile> file_;
  Sha256 hash_;
  bool receiving_ = false;
  bool finishing_ = false;  // the reply under way is the last one that was wanted
};

class Listening final : public Sink, public std::enable_shared_from_this<Listening> {
 public:
  Listening(net::Acceptor acceptor, std::shared_ptr<Shared> shared)
      : acceptor_(std::move(acceptor)), shared_(std::move(shared)) {}

  void start() { asio::co_spawn(acceptor_.executor(), accept(shared_from_this()), asio::detached); }
  const Counts& counts() const override { return shared_->counts; }
  void close() override { acceptor_.close(); }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Listening> self) {
    for (;;) {
      auto socket = co_await self->acceptor_.accept();
      if (!socket) co_return;
      ++self->shared_->counts.sessions;
      asio::co_spawn(self->acceptor_.executor(), serve(net::Stream(*std::move(socket)), self->shared_),
                     asio::detached);
    }
  }

  static asio::awaitable<void> serve(net::Stream stream, std::shared_ptr<Shared> shared) {
    Session session(std::move(stream), std::move(shared));
    co_await session.hold();
  }

  net::Acceptor acceptor_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::shared_ptr<Sink>> Sink::open(asio::any_io_executor executor, FileDescriptor listener,
                                         Options options, inspect::BlockingPool& blocking,
                                         std::function<void(const Received&)> on_message,
                                         std::function<void()> on_finished) {
  if (options.maildir) RASTEL_CHECK(create_maildir(*options.maildir));
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  auto shared = std::make_shared<Shared>(std::move(options), blocking);
  shared->on_message = std::move(on_message);
  shared->on_finished = std::move(on_finished);
  auto sink = std::make_shared<Listening>(std::move(acceptor), std::move(shared));
  sink->start();
  return sink;
}

}  // namespace rastel::sink
