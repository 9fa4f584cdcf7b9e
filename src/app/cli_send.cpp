// SPDX-License-Identifier: GPL-2.0-only
// rastel send: a load generator with latencies. Every session is a connection of its own that sends one message after the
// other; a message's time is from MAIL to the reply to its end of data. One thread.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>

#include "app/cli.hpp"
#include "base/os/file.hpp"
#include "base/utf8.hpp"
#include "net/smtp_client.hpp"

namespace rastel::cli {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

struct SendOptions {
  std::string to = "127.0.0.1:10025";
  bool lmtp = false;
  std::uint32_t sessions = 1;
  std::uint64_t count = 0;  // 0: each file once
  std::string from = "sender@example.com";
  std::vector<std::string> recipients{"recipient@example.com"};
  std::vector<std::string> messages;
  bool json = false;
};

struct Load {
  SendOptions options;
  NextHop next_hop;
  std::vector<std::pair<std::string, MessagePointer>> messages;
  std::uint64_t next = 0, total = 0;
  std::vector<double> milliseconds;
  std::map<int, std::uint64_t> by_code;
  std::uint64_t failures = 0;
  std::string last_failure;
};

std::string json_text(std::string_view text) {
  std::string result = "\"";
  for (const char character : printable(text)) {
    if (character == '"' || character == '\\') result += '\\';
    result += character;
  }
  return result + '"';
}

asio::awaitable<Result<smtp::Reply>> send_one(net::SmtpClient& client, const Load& load, const Message& message) {
  const std::string body = client.keywords().has("8BITMIME") ? " BODY=8BITMIME" : "";
  RASTEL_CO_TRY(smtp::Reply reply, co_await client.command("MAIL FROM:<" + load.options.from + ">" + body));
  std::size_t accepted = 0;
  for (const std::string& recipient : load.options.recipients) {
    if (!reply.positive() && accepted == 0) break;
    RASTEL_CO_TRY(smtp::Reply answer, co_await client.command("RCPT TO:<" + recipient + ">"));
    if (answer.positive()) ++accepted;
    reply = std::move(answer);
  }
  if (accepted == 0) {
    RASTEL_CO_CHECK(co_await client.command("RSET"));
    co_return reply;
  }
  const net::Outgoing outgoing{{}, &message, accepted};
  const std::function<bool()> always = [] { return true; };
  const net::Transfer transfer = co_await client.send(outgoing, always, Deadline::in(std::chrono::minutes(10)));
  if (transfer.replies.empty()) co_return fail(ErrorKind::peer_closed, transfer.problem);
  co_return *std::ranges::max_element(transfer.replies, {}, &smtp::Reply::code);
}

asio::awaitable<void> session(Load& load, const Context& context) {
  std::optional<net::SmtpClient> client;
  while (load.next < load.total) {
    const auto& [name, message] = load.messages[load.next++ % load.messages.size()];
    Result<smtp::Reply> reply;
    const auto start = SteadyClock::now();
    if (!client) {
      auto connected = co_await net::SmtpClient::connect(load.next_hop, "send.invalid", std::chrono::minutes(5));
      if (connected) client.emplace(*std::move(connected));
      else reply = std::unexpected(connected.error());
    }
    if (client) reply = co_await send_one(*client, load, *message);
    const double took = std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
    if (!reply) {
      ++load.failures;
      load.last_failure = reply.error().what;
      client.reset();
    } else {
      ++load.by_code[reply->code];
      load.milliseconds.push_back(took);
    }
    if (load.options.json)
      context.say(fmt::format("{{\"message\":{},\"code\":{},\"reply\":{},\"ms\":{:.1f}}}", json_text(name), reply ? reply->code : 0,
                              json_text(reply ? reply->one_line() : reply.error().what), took));
  }
  if (client) co_await client->quit();
}

void summary(const Load& load, const Context& context, double seconds) {
  std::vector<double> sorted = load.milliseconds;
  std::ranges::sort(sorted);
  const auto percentile = [&](double share) {
    return sorted.empty() ? 0.0 : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
  };
  std::string codes;
  for (const auto& [code, count] : load.by_code) codes += fmt::format(" {}×{}", count, code);
  context.say(fmt::format("{} messages in {:.2f} s: {:.1f}/s; ms p50 {:.1f} p90 {:.1f} p95 {:.1f} p99 {:.1f} max {:.1f}; replies{}; {} failed",
                          sorted.size(), seconds, static_cast<double>(sorted.size()) / std::max(seconds, 1e-9), percentile(0.5), percentile(0.9),
                          percentile(0.95), percentile(0.99), sorted.empty() ? 0.0 : sorted.back(), codes, load.failures));
}

Result<> read_messages(Load& load) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : load.options.messages) {
    std::error_code code;
    if (!std::filesystem::is_directory(name, code)) {
      files.emplace_back(name);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(name, code))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    RASTEL_TRY(const std::string bytes, os::read_file(file, std::size_t{2} << 30));
    RASTEL_TRY(MessagePointer message, message_from_bytes(bytes, std::filesystem::temp_directory_path()));
    load.messages.emplace_back(file.filename().string(), std::move(message));
  }
  if (load.messages.empty()) return fail(ErrorKind::invalid_input, "no message to send: give --messages a file or a folder");
  return {};
}

Exit run_send(const Context& context, const SendOptions& options) {
  Load load;
  load.options = options;
  const auto next_hop = parse_next_hop((options.lmtp ? "lmtp:" : "") + options.to);
  if (!next_hop) {
    context.complain("--to " + options.to + ": " + next_hop.error().what);
    return Exit::usage;
  }
  load.next_hop = *next_hop;
  if (const auto read = read_messages(load); !read) {
    context.complain(read.error().what);
    return Exit::usage;
  }
  load.total = options.count == 0 ? load.messages.size() : options.count;
  asio::io_context io(1);
  const auto start = SteadyClock::now();
  for (std::uint32_t i = 0; i < options.sessions; ++i) asio::co_spawn(io, session(load, context), asio::detached);
  io.run();
  if (!options.json) summary(load, context, std::chrono::duration<double>(SteadyClock::now() - start).count());
  if (load.failures > 0) context.complain("the last failure: " + load.last_failure);
  return load.failures > 0 ? Exit::temporary : Exit::ok;
}

}  // namespace

void add_send_verb(CLI::App& app, Context& context) {
  auto options = std::make_shared<SendOptions>();
  CLI::App* send = app.add_subcommand("send", "Send messages and measure how long they take");
  send->add_option("--to", options->to, "Where: 127.0.0.1:10025 or unix:/path")->capture_default_str();
  send->add_flag("--lmtp", options->lmtp, "Speak LMTP");
  send->add_option("--sessions", options->sessions, "Connections at a time")->check(CLI::Range(1, 10'000))->capture_default_str();
  send->add_option("--count", options->count, "How many messages in all; by default each once");
  send->add_option("--from", options->from, "The sender")->capture_default_str();
  send->add_option("--rcpt", options->recipients, "The recipients");
  send->add_option("--messages", options->messages, "Files or folders of messages")->required();
  send->add_flag("--json", options->json, "One object a message: message, code, reply, ms");
  send->callback([&context, options] { context.action = [&context, options] { return run_send(context, *options); }; });
}

}  // namespace rastel::cli
