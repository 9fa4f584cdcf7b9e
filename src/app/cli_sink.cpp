// SPDX-License-Identifier: GPL-2.0-only
// rastel sink: a small receiver for demonstrations, tests and measurements. It takes every message and answers at once;
// with --maildir it keeps them, one file each, without fsync: it is no mail store. One thread.
#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>

#include "app/cli.hpp"
#include "base/identifier.hpp"
#include "net/acceptor.hpp"
#include "protocol/smtp/server_machine.hpp"

namespace rastel::cli {
namespace {

namespace asio = boost::asio;
namespace event = smtp::event;

struct SinkOptions {
  std::string listen = "127.0.0.1:10026";
  bool lmtp = false;
  std::string maildir;
};

struct Sink {
  SinkOptions options;
  std::uint64_t messages = 0, bytes = 0;
};

class SinkSession {
 public:
  SinkSession(net::Stream stream, Sink& sink)
      : stream_(std::move(stream)), sink_(sink), machine_(options(sink)) {}

  asio::awaitable<void> run() {
    machine_.greet({220, "sink.invalid ESMTP"});
    while (!machine_.closing()) {
      if (auto next = machine_.next()) {
        std::visit([this](const auto& kind) { on(kind); }, *next);
        continue;
      }
      if (machine_.closing()) break;
      if (machine_.has_output()) {
        const std::string output = machine_.take_output();
        const Result<> written = co_await stream_.write(output, Deadline::in(patience));
        if (!written) co_return;
      }
      auto bytes = co_await stream_.read(Deadline::in(patience));
      if (!bytes) co_return;
      machine_.receive(*bytes);
    }
    const std::string last = machine_.take_output();
    const Result<> written = co_await stream_.write(last, Deadline::in(patience));
    (void)written;
  }

 private:
  static smtp::ServerOptions options(const Sink& sink) {
    smtp::ServerOptions options;
    options.protocol = sink.options.lmtp ? smtp::Protocol::lmtp : smtp::Protocol::smtp;
    options.most_recipients = 10'000;
    options.may_xforward = true;
    return options;
  }

  static constexpr auto patience = std::chrono::minutes(10);

  void on(const event::Hello&) {
    smtp::Keywords keywords;
    for (const char* keyword : {"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES", "SIZE"}) keywords.set(keyword);
    keywords.set("XFORWARD", "NAME ADDR PORT PROTO HELO IDENT SOURCE");
    machine_.answer_hello("sink.invalid", keywords);
  }
  void on(const event::Data&) {
    message_.clear();
    machine_.answer({354, "go on"});
  }
  void on(const event::Content& content) {
    sink_.bytes += content.bytes.size();
    if (!sink_.options.maildir.empty()) message_ += content.bytes;
  }
  void on(const event::EndOfContent&) {
    ++sink_.messages;
    smtp::Reply reply(250, "2.0.0 Ok: taken as " + keep());
    if (reply.lines[0].ends_with("nothing")) reply = {451, "4.3.0 Error: can't keep the message"};
    if (sink_.options.lmtp) machine_.answer_recipients(std::vector<smtp::Reply>(machine_.recipients(), reply));
    else machine_.answer(reply);
  }
  void on(const event::Quit&) { machine_.answer({221, "2.0.0 Bye"}); }
  void on(const event::Violation&) { machine_.answer({554, "5.5.0 Error: protocol violation"}); }
  void on(const auto&) { machine_.answer({250, "2.0.0 Ok"}); }

  // The name it is kept under; "nothing" when it can't be.
  std::string keep() {
    const std::string name = new_message_id();
    if (sink_.options.maildir.empty()) return name;
    const std::filesystem::path folder = sink_.options.maildir;
    {
      std::ofstream file(folder / "tmp" / name, std::ios::binary);
      file << message_;
      if (!file.flush()) return "nothing";
    }
    std::error_code code;
    std::filesystem::rename(folder / "tmp" / name, folder / "new" / name, code);
    return code ? "nothing" : name;
  }

  net::Stream stream_;
  Sink& sink_;
  smtp::ServerMachine machine_;
  std::string message_;
};

asio::awaitable<void> serve(net::Stream stream, Sink& sink) {
  SinkSession session(std::move(stream), sink);
  co_await session.run();
}

asio::awaitable<void> accept(net::Acceptor acceptor, Sink& sink) {
  for (;;) {
    auto socket = co_await acceptor.accept();
    if (!socket) co_return;
    asio::co_spawn(acceptor.executor(), serve(net::Stream(*std::move(socket)), sink), asio::detached);
  }
}

Exit run_sink(const Context& context, const SinkOptions& options) {
  const auto endpoint = parse_endpoint(options.listen);
  if (!endpoint) {
    context.complain("--listen " + options.listen + ": " + endpoint.error().what);
    return Exit::usage;
  }
  std::error_code code;
  for (const char* part : {"tmp", "new", "cur"})
    if (!options.maildir.empty()) std::filesystem::create_directories(std::filesystem::path(options.maildir) / part, code);
  auto listener = net::listen_on(*endpoint);
  if (!listener) {
    context.complain(listener.error().what);
    return Exit::temporary;
  }
  asio::io_context io(1);
  auto acceptor = net::Acceptor::create(io.get_executor(), *std::move(listener));
  Sink sink;
  sink.options = options;
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code, int) { io.stop(); });
  asio::co_spawn(io, accept(*std::move(acceptor), sink), asio::detached);
  context.say("listening on " + options.listen);
  std::fflush(stdout);
  io.run();
  context.say(std::to_string(sink.messages) + " messages, " + std::to_string(sink.bytes) + " bytes");
  return Exit::ok;
}

}  // namespace

void add_sink_verb(CLI::App& app, Context& context) {
  auto options = std::make_shared<SinkOptions>();
  CLI::App* sink = app.add_subcommand("sink", "A small receiver for demonstrations, tests and measurements");
  sink->add_option("--listen", options->listen, "Where: 127.0.0.1:10026 or unix:/path")->capture_default_str();
  sink->add_flag("--lmtp", options->lmtp, "Speak LMTP");
  sink->add_option("--maildir", options->maildir, "Keep the messages in this Maildir");
  sink->callback([&context, options] { context.action = [&context, options] { return run_sink(context, *options); }; });
}

}  // namespace rastel::cli
