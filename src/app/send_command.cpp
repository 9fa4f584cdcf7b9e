// SPDX-License-Identifier: GPL-2.0-only
// rastel send: the command line of app/send.hpp.
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/cli.hpp"
#include "app/send.hpp"
#include "base/utf8.hpp"

namespace rastel::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

struct Choice {
  std::string to, sender = "sender@example.org", timeout = "5m", own_name = "send.invalid";
  std::vector<std::string> recipients, messages;
  bool lmtp = false, as_json = false, as_is = false;
  std::uint32_t sessions = 1;
  std::uint64_t count = 0;
  double rate = 0;
  int expect = 0;
};

// An address goes into a command line: a line break in it would be a command of its own.
bool is_sayable(std::string_view address) {
  return std::ranges::none_of(address, [](char character) {
    return character == '\r' || character == '\n' || character == '\0' || character == '<' ||
           character == '>';
  });
}

Result<send::Options> options_of(const Choice& choice) {
  send::Options options;
  RASTEL_TRY(options.to, parse_next_hop(choice.to));
  if (choice.lmtp) options.to.protocol = NextHop::Protocol::lmtp;
  RASTEL_TRY(options.patience, parse_duration(choice.timeout));
  options.sessions = choice.sessions;
  options.sender = choice.sender == "<>" ? std::string() : choice.sender;
  options.recipients = choice.recipients;
  if (options.recipients.empty()) options.recipients = {"recipient@example.com"};
  if (!is_sayable(options.sender) || !std::ranges::all_of(options.recipients, is_sayable))
    return fail(ErrorKind::invalid_input,
                "an address is given without angle brackets and holds no line break");
  options.rate = choice.rate;
  options.own_name = choice.own_name;
  if (choice.messages.empty()) {
    RASTEL_TRY(send::Load one, send::built_in_message());
    options.messages.push_back(std::move(one));
  } else {
    RASTEL_TRY(options.messages, send::load({choice.messages.begin(), choice.messages.end()}, choice.as_is));
  }
  options.count = choice.count > 0 ? choice.count : options.messages.size();
  return options;
}

std::string line_of(const send::Sent& sent, const send::Options& options) {
  const smtp::Reply* reply = sent.reply();
  json::array replies;
  for (std::size_t i = 0; i < sent.replies.size(); ++i) {
    json::object one{{"to", printable(options.recipients.at(i))}};
    if (sent.replies[i]) {
      one.emplace("code", sent.replies[i]->code);
      one.emplace("reply", printable(sent.replies[i]->one_line()));
    }
    replies.push_back(std::move(one));
  }
  json::object line{{"message", printable(sent.load->name)},
                    {"code", reply != nullptr ? reply->code : 0},
                    {"reply", reply != nullptr ? printable(reply->one_line()) : std::string()},
                    {"replies", std::move(replies)},
                    {"ms", sent.milliseconds}};
  if (!sent.trouble.empty()) line.emplace("trouble", printable(sent.trouble));
  return json::serialize(line) + '\n';
}

constexpr std::array percentiles{50.0, 90.0, 95.0, 99.0, 100.0};

void say_totals(const Context& context, const Choice& choice, const send::Totals& totals) {
  const double per_second = totals.seconds > 0 ? static_cast<double>(totals.messages) / totals.seconds : 0;
  if (choice.as_json) {
    json::object codes, latency;
    for (const auto& [code, number] : totals.codes) codes.emplace(std::to_string(code), number);
    for (const double percent : percentiles)
      latency.emplace(percent < 100 ? fmt::format("p{}", percent) : "max", totals.percentile(percent));
    context.say(json::serialize(json::object{{"total", true},
                                             {"messages", totals.messages},
                                             {"accepted", totals.accepted},
                                             {"trouble", totals.trouble},
                                             {"not_tried", totals.not_tried},
                                             {"seconds", totals.seconds},
                                             {"per_second", per_second},
                                             {"codes", std::move(codes)},
                                             {"ms", std::move(latency)}}));
    return;
  }
  context.say(fmt::format("{} messages in {:.2f} s, {:.0f} a second: {} accepted, {} with trouble{}",
                          totals.messages, totals.seconds, per_second, totals.accepted, totals.trouble,
                          totals.not_tried > 0 ? fmt::format(", {} not tried", totals.not_tried) : ""));
  for (const auto& [code, number] : totals.codes) context.say(fmt::format("  {}: {} replies", code, number));
  if (totals.milliseconds.empty()) return;
  std::string line = "  ms:";
  for (const double percent : percentiles)
    line += fmt::format(" {} {:.1f}", percent < 100 ? fmt::format("p{}", percent) : "max",
                        totals.percentile(percent));
  context.say(line);
}

Exit run_send(const Context& context, const Choice& choice) {
  auto options = options_of(choice);
  if (!options) {
    context.complain(options.error().what);
    return Exit::usage;
  }
  bool unexpected = false;
  std::string first_trouble;
  const auto on_sent = [&, &given = *options](const send::Sent& sent) {
    for (const auto& reply : sent.replies)
      if (reply)
        unexpected = unexpected || (choice.expect == 0 ? !reply->positive() : reply->code != choice.expect);
    if (first_trouble.empty()) first_trouble = sent.trouble;
    if (choice.as_json) context.console.out(line_of(sent, given));
  };
  asio::io_context io(1);
  std::optional<send::Totals> totals;
  asio::co_spawn(io, send::run(*options, on_sent),
                 [&](const std::exception_ptr& problem, send::Totals result) {
                   if (!problem) totals = std::move(result);
                 });
  io.run();
  if (!totals) {
    context.complain("out of memory");
    return Exit::temporary;
  }
  say_totals(context, choice, *totals);
  if (!first_trouble.empty()) context.complain(printable(first_trouble));
  if (totals->trouble > 0 || totals->not_tried > 0) return Exit::temporary;
  return unexpected ? Exit::refused : Exit::ok;
}

}  // namespace

void add_send_verb(CLI::App& app, Context& context) {
  auto choice = std::make_shared<Choice>();
  CLI::App* verb = app.add_subcommand(
      "send", "A load generator: sends messages by SMTP or LMTP and says how long it took");
  verb->add_option("--to", choice->to, "Where: 127.0.0.1:10025, unix:/run/x.sock, lmtp:127.0.0.1:24")
      ->required();
  verb->add_flag("--lmtp", choice->lmtp, "Speak LMTP, as with lmtp: in --to");
  verb->add_option("--sessions", choice->sessions, "Connections at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  verb->add_option("--messages", choice->messages,
                   "Files, or folders of them, taken in turn; without it a small built-in one");
  verb->add_option("--count", choice->count, "How many messages; without it each file once");
  verb->add_option(
          "--from", choice->sender,
          "The reverse-path; \"<>\" for the empty one; {message} in it: the name of the message's file")
      ->capture_default_str();
  verb->add_option("--rcpt", choice->recipients,
                   "A recipient (repeat it for more); recipient@example.com without it")
      ->allow_extra_args(false);
  verb->add_option("--rate", choice->rate,
                   "Messages a second in all; latency then counts from when each was due");
  verb->add_option("--timeout", choice->timeout, "How long to wait for each reply")->capture_default_str();
  verb->add_option("--helo", choice->own_name, "What it calls itself")->capture_default_str();
  verb->add_flag("--as-is", choice->as_is, "Send line breaks as they are in the file instead of as CR LF");
  verb->add_option("--expect", choice->expect,
                   "The reply code that every recipient must get; without it any 2xx")
      ->check(CLI::Range(200, 599));
  verb->add_flag("--json", choice->as_json,
                 "One JSON object a message with its final reply, and one with the totals");
  verb->footer("Exit: 0 all answered as expected, 1 some were not, 75 trouble with the connection.");
  verb->callback(
      [&context, choice] { context.action = [&context, choice] { return run_send(context, *choice); }; });
}

}  // namespace rastel::cli
