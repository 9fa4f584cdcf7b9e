// SPDX-License-Identifier: GPL-2.0-only
#include "app/send.hpp"

#include <cmath>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/smtp_client.hpp"
#include "protocol/smtp/address.hpp"

namespace rastel::send {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using net::SmtpClient;
using net::Transfer;
using smtp::Reply;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

// What the sessions share; they all run on one thread.
struct Shared {
  Options options;
  std::function<void(const Sent&)> on_sent;
  Totals totals;
  std::uint64_t next = 0;
  std::uint32_t sessions = 0;
  Clock::time_point start = Clock::now();
  std::shared_ptr<asio::steady_timer> all_done;
};

class Session {
 public:
  explicit Session(Shared& shared) : shared_(shared), timer_(shared.all_done->get_executor()) {}

  asio::awaitable<void> send_all() {
    int breaks = 0;
    while (shared_.next < shared_.options.count && breaks < most_breaks) {
      const std::uint64_t number = shared_.next++;
      const Clock::time_point begun = co_await due(number);
      Sent sent;
      sent.load = &shared_.options.messages[number % shared_.options.messages.size()];
      sent.replies.resize(shared_.options.recipients.size());
      const auto done = co_await deliver(sent);
      if (!done) sent.trouble = done.error().what;
      sent.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
      breaks = done ? 0 : breaks + 1;
      if (!done) client_.reset();
      record(sent);
    }
    if (client_) co_await client_->quit();
  }

 private:
  // With a rate the clock runs from when a message was due: a slow server must not hide behind our own
  // waiting.
  asio::awaitable<Clock::time_point> due(std::uint64_t number) {
    if (shared_.options.rate <= 0) co_return Clock::now();
    const auto when = shared_.start +
                      std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(static_cast<double>(number) / shared_.options.rate));
    if (when > Clock::now()) {
      timer_.expires_at(when);
      (void)co_await timer_.async_wait(as_awaitable);
    }
    co_return when;
  }

  // An error: the connection is of no more use.
  asio::awaitable<Result<>> deliver(Sent& sent) {
    const Options& options = shared_.options;
    if (!client_) {
      RASTEL_CO_TRY(auto client,
                    co_await SmtpClient::connect(options.to, options.own_name, options.patience));
      client_.emplace(std::move(client));
    }
    const std::string mail = mail_command(*sent.load);
    RASTEL_CO_TRY(const Reply sender, co_await command(mail));
    if (!sender.positive()) {
      answer_rest(sent, std::vector<Reply>(1, sender));
      co_return Result<>{};
    }
    std::vector<std::size_t> accepted;
    for (std::size_t i = 0; i < options.recipients.size(); ++i) {
      const std::string rcpt = "RCPT TO:<" + options.recipients[i] + '>';
      RASTEL_CO_TRY(const Reply recipient, co_await command(rcpt));
      if (recipient.positive()) {
        accepted.push_back(i);
      } else {
        sent.replies[i] = recipient;
      }
    }
    if (accepted.empty()) co_return co_await reset();
    co_return co_await deliver_content(sent, accepted.size());
  }

  asio::awaitable<Result<>> deliver_content(Sent& sent, std::size_t accepted) {
    net::Outgoing outgoing;
    outgoing.message = sent.load->message.get();
    outgoing.recipients = accepted;
    const std::function<bool()> always = [] { return true; };
    const Transfer transfer =
        co_await client_->send(outgoing, always, Deadline::in(shared_.options.patience));
    switch (transfer.stage) {
      case Transfer::Stage::refused:
        answer_rest(sent, transfer.replies);
        // To DATA or to its end: either way no transaction is wanted any more.
        co_return co_await reset();
      case Transfer::Stage::answered:
        answer_rest(sent, transfer.replies);
        if (transfer.replies.size() != 1 && transfer.replies.size() < accepted)
          co_return fail(ErrorKind::peer_closed, "the server answered only some recipients");
        co_return Result<>{};
      case Transfer::Stage::not_sent:
      case Transfer::Stage::unanswered:
      case Transfer::Stage::abandoned:
        break;
    }
    co_return fail(ErrorKind::peer_closed, transfer.problem);
  }

  // Recipients that have no reply yet get theirs: each its own, or all the one.
  static void answer_rest(Sent& sent, const std::vector<Reply>& replies) {
    std::size_t next = 0;
    for (auto& reply : sent.replies) {
      if (reply) continue;
      if (replies.size() == 1) reply = replies[0];
      if (replies.size() > 1 && next < replies.size()) reply = replies[next++];
    }
  }

  asio::awaitable<Result<>> reset() {
    RASTEL_CO_TRY(const Reply ignored, co_await command("RSET"));
    (void)ignored;
    co_return Result<>{};
  }

  asio::awaitable<Result<Reply>> command(std::string_view line) {
    RASTEL_CO_TRY(Reply reply, co_await client_->command(line));
    if (reply.code == 421) co_return fail(ErrorKind::peer_closed, reply.one_line());
    co_return reply;
  }

  std::string mail_command(const Load& load) const {
    const Options& options = shared_.options;
    const smtp::Keywords& keywords = client_->keywords();
    std::string line = "MAIL FROM:<" + options.sender_of(load) + '>';
    if (keywords.has("SIZE")) line += " SIZE=" + std::to_string(load.message->size());
    if (load.eight_bit && keywords.has("8BITMIME")) line += " BODY=8BITMIME";
    const bool utf8 =
        smtp::has_eight_bit(options.sender) || std::ranges::any_of(options.recipients, smtp::has_eight_bit);
    if (utf8 && keywords.has("SMTPUTF8")) line += " SMTPUTF8";
    return line;
  }

  void record(const Sent& sent) {
    Totals& totals = shared_.totals;
    ++totals.messages;
    if (sent.accepted()) ++totals.accepted;
    for (const auto& reply : sent.replies)
      if (reply) ++totals.codes[reply->code];
    if (sent.trouble.empty()) {
      totals.milliseconds.push_back(static_cast<float>(sent.milliseconds));
    } else {
      ++totals.trouble;
    }
    if (shared_.on_sent) shared_.on_sent(sent);
  }

  Shared& shared_;
  asio::steady_timer timer_;
  std::optional<SmtpClient> client_;
};

asio::awaitable<void> one_session(Shared& shared) {
  {
    Session session(shared);
    co_await session.send_all();
  }
  if (--shared.sessions == 0) shared.all_done->cancel();
}

}  // namespace

std::string Options::sender_of(const Load& load) const {
  const std::size_t at = sender.find(message_name);
  if (at == std::string::npos) return sender;
  std::string name = std::filesystem::path(load.name).stem().string();
  // What an address can hold without quotes, or a file's name could say commands of its own.
  std::erase_if(name, [](char character) {
    const bool plain = (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
                       (character >= 'A' && character <= 'Z') || character == '-' || character == '_';
    return !plain;
  });
  return std::string(sender).replace(at, message_name.size(), name);
}

const Reply* Sent::reply() const {
  const Reply* first = nullptr;
  for (const auto& reply : replies) {
    if (!reply) continue;
    if (!reply->positive()) return &*reply;
    if (first == nullptr) first = &*reply;
  }
  return first;
}

bool Sent::accepted() const {
  return trouble.empty() &&
         std::ranges::all_of(replies, [](const auto& reply) { return reply && reply->positive(); });
}

double Totals::percentile(double percent) const {
  if (milliseconds.empty()) return 0;
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(milliseconds.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return static_cast<double>(milliseconds[std::min(index, milliseconds.size() - 1)]);
}

asio::awaitable<Totals> run(Options options, std::function<void(const Sent&)> on_sent) {
  Shared shared;
  shared.options = std::move(options);
  shared.on_sent = std::move(on_sent);
  const auto executor = co_await asio::this_coro::executor;
  shared.all_done = std::make_shared<asio::steady_timer>(executor, Clock::time_point::max());
  shared.sessions =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(shared.options.sessions, shared.options.count));
  for (std::uint32_t i = shared.sessions; i > 0; --i)
    asio::co_spawn(executor, one_session(shared), asio::detached);
  while (shared.sessions > 0) (void)co_await shared.all_done->async_wait(as_awaitable);
  shared.totals.seconds = std::chrono::duration<double>(Clock::now() - shared.start).count();
  shared.totals.not_tried = shared.options.count - shared.totals.messages;
  std::ranges::sort(shared.totals.milliseconds);
  co_return std::move(shared.totals);
}

}  // namespace rastel::send
