// SPDX-License-Identifier: GPL-2.0-only
// rastel sink: the command line of app/sink.hpp.
#include <csignal>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/cli.hpp"
#include "app/sink.hpp"
#include "base/units.hpp"
#include "base/utf8.hpp"
#include "net/stream.hpp"

namespace rastel::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

struct Choice {
  std::string listen, maildir, hostname;
  bool lmtp = false, as_json = false;
  std::uint64_t count = 0;
  std::uint32_t delay_reply = 0;
};

std::string line_of(const sink::Received& message) {
  json::array to;
  for (const std::string& recipient : message.recipients) to.emplace_back(printable(recipient));
  json::object line{
      {"from", printable(message.reverse_path)}, {"to", std::move(to)},  {"helo", printable(message.helo)},
      {"client", printable(message.client)},     {"size", message.size}, {"sha256", message.sha256}};
  if (!message.file.empty()) line.emplace("file", message.file);
  return json::serialize(line) + '\n';
}

void say_counts(const Context& context, const Choice& choice, const sink::Counts& counts, double seconds) {
  if (choice.as_json) {
    context.say(json::serialize(json::object{{"total", true},
                                             {"sessions", counts.sessions},
                                             {"messages", counts.messages},
                                             {"recipients", counts.recipients},
                                             {"bytes", counts.bytes},
                                             {"broken_off", counts.broken_off},
                                             {"failed", counts.failed},
                                             {"seconds", seconds}}));
    return;
  }
  context.say(fmt::format(
      "{} messages for {} recipients in {} sessions, {} bytes, {} broken off, {} failed, {:.1f} s",
      counts.messages, counts.recipients, counts.sessions, counts.bytes, counts.broken_off, counts.failed,
      seconds));
}

Exit run_sink(const Context& context, const Choice& choice) {
  const auto listen = parse_endpoint(choice.listen);
  if (!listen) {
    context.complain("--listen: " + listen.error().what);
    return Exit::usage;
  }
  auto listener = net::listen_on(*listen);
  if (!listener) {
    context.complain(listener.error().what);
    return Exit::temporary;
  }
  sink::Options options;
  options.lmtp = choice.lmtp;
  if (!choice.maildir.empty()) options.maildir = choice.maildir;
  options.count = choice.count;
  options.delay_reply = std::chrono::milliseconds(choice.delay_reply);
  options.digests = choice.as_json;
  if (!choice.hostname.empty()) options.hostname = choice.hostname;
  asio::io_context io(1);
  inspect::BlockingPool blocking(4);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code code, int) {
    if (!code) io.stop();
  });
  const auto say_message = [&](const sink::Received& message) {
    if (choice.as_json) context.console.out(line_of(message));
  };
  asio::steady_timer leave(io);
  // A moment for the QUIT that usually follows.
  const auto on_finished = [&] {
    leave.expires_after(std::chrono::milliseconds(300));
    leave.async_wait([&](boost::system::error_code) { io.stop(); });
  };
  const auto sink = sink::Sink::open(io.get_executor(), *std::move(listener), std::move(options), blocking,
                                     say_message, on_finished);
  if (!sink) {
    context.complain(sink.error().what);
    return Exit::temporary;
  }
  context.console.error(fmt::format("listening on {}\n", to_string(*listen)));
  // From the first message on would be fairer for a rate, but a rate is what `rastel send` measures.
  const auto start = std::chrono::steady_clock::now();
  io.run();
  say_counts(context, choice, (*sink)->counts(),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  blocking.join();
  if (listen->kind == Endpoint::Kind::unix_socket) unlink(listen->path.c_str());
  return (*sink)->counts().failed == 0 ? Exit::ok : Exit::temporary;
}

}  // namespace

void add_sink_verb(CLI::App& app, Context& context) {
  auto choice = std::make_shared<Choice>();
  CLI::App* verb = app.add_subcommand(
      "sink", "A small receiver of mail for demos, tests and benchmarks: takes everything");
  verb->add_option("--listen", choice->listen, "Where: 127.0.0.1:2525, [::1]:2525, unix:/run/sink.sock")
      ->required();
  verb->add_flag("--lmtp", choice->lmtp, "Speak LMTP instead of SMTP");
  verb->add_option(
      "--maildir", choice->maildir,
      "Keep the messages in this Maildir, fsynced before they are acknowledged, bytes as they came");
  verb->add_option("--count", choice->count, "End after so many messages");
  verb->add_option("--delay-reply", choice->delay_reply,
                   "Milliseconds to wait before the reply to the end of data");
  verb->add_option("--hostname", choice->hostname, "What it calls itself");
  verb->add_flag("--json", choice->as_json,
                 "One JSON object a message, with its SHA-256, and one with the totals");
  verb->footer(
      "Ends with its totals on Ctrl-C, SIGTERM, or after --count. Exit: 0, or 75 when it can't listen or "
      "store.");
  verb->callback(
      [&context, choice] { context.action = [&context, choice] { return run_sink(context, *choice); }; });
}

}  // namespace rastel::cli
