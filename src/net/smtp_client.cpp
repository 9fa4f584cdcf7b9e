// SPDX-License-Identifier: GPL-2.0-only
#include "net/smtp_client.hpp"

#include "protocol/smtp/data_decoder.hpp"

namespace rastel::net {

namespace asio = boost::asio;
using smtp::Awaited;
using smtp::Reply;
using TlsMode = NextHopTlsPolicy::Mode;

constexpr std::size_t block = 64 * 1024;  // bytes read, stuffed and written at a time

asio::awaitable<Result<SmtpClient>> SmtpClient::connect(const NextHop& next_hop, std::string own_name,
                                                        Duration patience, std::string preamble,
                                                        NextHopTlsPolicy tls, Deadline limit) {
  TlsOutcome outcome = TlsOutcome::as_wanted;
  auto client = co_await open(next_hop, own_name, patience, preamble, tls, limit, outcome);
  if (client || outcome != TlsOutcome::lost || tls.mode != TlsMode::may) co_return client;
  // Whoever can break a handshake could as well have hidden STARTTLS: `may` promises nothing against him.
  const NextHopTlsPolicy in_clear;
  co_return co_await open(next_hop, own_name, patience, preamble, in_clear, limit, outcome);
}

asio::awaitable<Result<SmtpClient>> SmtpClient::open(const NextHop& next_hop, const std::string& own_name,
                                                     Duration patience, const std::string& preamble,
                                                     const NextHopTlsPolicy& tls, Deadline limit,
                                                     TlsOutcome& outcome) {
  const std::string name = to_string(next_hop);
  const auto named = [&](Error error) {
    error.what = name + ": " + error.what;
    return std::unexpected(std::move(error));
  };
  const auto until = [&] { return Deadline::in(patience).earlier(limit); };
  RASTEL_CO_TRY(Stream stream, co_await net::connect(next_hop.endpoint, until()));
  if (!preamble.empty()) RASTEL_CO_CHECK(co_await stream.write(preamble, until()));
  if (tls.mode == TlsMode::implicit) {
    auto begun = co_await stream.start_tls(tls.client, until());
    if (!begun) co_return named(std::move(begun).error());
  }
  SmtpClient client(std::move(stream), {}, patience, next_hop.protocol == NextHop::Protocol::lmtp);
  client.set_limit(limit);
  client.machine_.expect(Awaited::banner);
  RASTEL_CO_TRY(const Reply banner, co_await client.reply(client.soon()));
  if (banner.code != 220) co_return fail(ErrorKind::peer, name + " greets with " + banner.one_line());
  RASTEL_CO_CHECK(co_await client.hello(own_name));
  if (tls.mode == TlsMode::may || tls.mode == TlsMode::require) {
    auto begun = co_await client.start_tls(tls, own_name, outcome);
    if (!begun) co_return named(std::move(begun).error());
  }
  co_return client;
}

asio::awaitable<Result<>> SmtpClient::start_tls(const NextHopTlsPolicy& tls, const std::string& own_name,
                                                TlsOutcome& outcome) {
  const bool required = tls.mode == TlsMode::require;
  if (!keywords_.has("STARTTLS")) {
    if (!required) co_return Result<>{};
    co_return fail(
        ErrorKind::peer,
        "it offers no STARTTLS, which next_hop_tls demands (or somebody between has taken it away)");
  }
  machine_.expect(Awaited::starttls);
  RASTEL_CO_CHECK(co_await stream_.write("STARTTLS\r\n", soon()));
  RASTEL_CO_TRY(const Reply answer, co_await reply(soon()));
  if (answer.code != 220) {
    if (!required && answer.code != 421) co_return Result<>{};
    co_return fail(ErrorKind::peer, "it refuses STARTTLS: " + answer.one_line());
  }
  RASTEL_CO_CHECK(machine_.begin_tls());
  keywords_ = {};
  auto begun = co_await stream_.start_tls(tls.client, soon());
  if (!begun) {
    outcome = TlsOutcome::lost;
    co_return begun;
  }
  co_return co_await hello(own_name);
}

asio::awaitable<Result<>> SmtpClient::hello(const std::string& own_name) {
  machine_.expect(Awaited::hello);
  RASTEL_CO_CHECK(co_await stream_.write((lmtp_ ? "LHLO " : "EHLO ") + own_name + "\r\n", soon()));
  RASTEL_CO_TRY(const Reply answer, co_await reply(soon()));
  if (answer.positive()) {
    keywords_ = smtp::Keywords::parse(answer);
    co_return Result<>{};
  }
  if (lmtp_ || answer.code == 421)
    co_return fail(ErrorKind::peer, "the next hop refuses us: " + answer.one_line());
  machine_.expect(Awaited::hello);
  RASTEL_CO_CHECK(co_await stream_.write("HELO " + own_name + "\r\n", soon()));
  RASTEL_CO_TRY(const Reply plain, co_await reply(soon()));
  if (!plain.positive()) co_return fail(ErrorKind::peer, "the next hop refuses us: " + plain.one_line());
  co_return Result<>{};
}

asio::awaitable<Result<Reply>> SmtpClient::reply(Deadline deadline) {
  for (;;) {
    RASTEL_CO_TRY(auto answer, machine_.next());
    if (answer && answer->unexpected)
      co_return fail(ErrorKind::peer, "the next hop answers what can't be: " + answer->reply.one_line());
    if (answer) {
      refused_ = refused_ || answer->reply.code >= 400;
      co_return std::move(answer->reply);
    }
    RASTEL_CO_TRY(const std::string_view bytes, co_await stream_.read(deadline));
    machine_.receive(bytes);
  }
}

bool SmtpClient::reusable(Duration most) {
  return !refused_ && machine_.at_rest() && std::chrono::steady_clock::now() - opened_ < most &&
         stream_.peer_is_quiet();
}

asio::awaitable<Result<Reply>> SmtpClient::command(std::string_view line) {
  machine_.expect(Awaited::command);
  RASTEL_CO_CHECK(co_await stream_.write(std::string(line) + "\r\n", soon()));
  co_return co_await reply(soon());
}

asio::awaitable<Result<std::vector<Reply>>> SmtpClient::commands(const std::vector<std::string>& lines) {
  std::vector<Reply> replies;
  const bool together = keywords_.has("PIPELINING");
  if (together) {
    std::string written;
    for (const std::string& line : lines) written += line + "\r\n";
    machine_.expect(Awaited::command, lines.size());
    RASTEL_CO_CHECK(co_await stream_.write(written, soon()));
  }
  for (const std::string& line : lines) {
    Reply answer;
    if (together) {
      RASTEL_CO_TRY(answer, co_await reply(soon()));
    } else {
      RASTEL_CO_TRY(answer, co_await command(line));
    }
    replies.push_back(std::move(answer));
    if (replies.back().code == 421) break;
  }
  co_return replies;
}

asio::awaitable<Result<Reply>> SmtpClient::authenticate(std::string_view line) {
  machine_.expect(Awaited::auth);
  RASTEL_CO_CHECK(co_await stream_.write(std::string(line) + "\r\n", soon()));
  co_return co_await reply(soon());
}

asio::awaitable<Result<>> SmtpClient::identify(const std::vector<std::string>& lines,
                                               const std::string& name) {
  for (const std::string& line : lines) {
    RASTEL_CO_TRY(const Reply banner, co_await command(line));
    if (banner.code != 220)
      co_return fail(ErrorKind::peer, "the next hop refuses XCLIENT: " + banner.one_line());
  }
  keywords_ = {};
  co_return co_await hello(name);
}

// Everything but the last piece and the end of data, which stay in `tail`: they go out in one write once it
// is sure that the message is still wanted.
asio::awaitable<Result<>> SmtpClient::send_content(const Outgoing& outgoing, std::string& tail) {
  smtp::DataEncoder encoder;
  encoder.encode(outgoing.header, tail);
  for (std::uint64_t offset = 0; offset < outgoing.message->size(); offset += block) {
    if (tail.size() >= block) {
      RASTEL_CO_CHECK(co_await stream_.write(tail, soon()));
      tail.clear();
    }
    RASTEL_CO_TRY(const std::string piece, outgoing.message->read_at(offset, block));
    encoder.encode(piece, tail);
  }
  (void)encoder.finish(tail);
  co_return Result<>{};
}

asio::awaitable<Transfer> SmtpClient::send(const Outgoing& outgoing,
                                           const std::function<bool()>& still_wanted, Deadline answer_by) {
  Transfer transfer;
  const auto failed = [&](Transfer::Stage stage, const Error& error) {
    transfer.stage = stage;
    transfer.problem = error.what;
    // Without the end of data the server has to forget the message.
    stream_.abort();
    return transfer;
  };
  machine_.expect(Awaited::data);
  if (const auto sent = co_await stream_.write("DATA\r\n", soon()); !sent)
    co_return failed(Transfer::Stage::not_sent, sent.error());
  const auto go = co_await reply(soon().earlier(answer_by));
  if (!go) co_return failed(Transfer::Stage::not_sent, go.error());
  if (go->code == 421)
    co_return failed(Transfer::Stage::not_sent, Error{ErrorKind::peer_closed, go->one_line()});
  if (go->code != 354) {
    transfer.stage = Transfer::Stage::refused;
    transfer.replies = {*go};
    co_return transfer;
  }
  std::string tail;
  if (const auto sent = co_await send_content(outgoing, tail); !sent)
    co_return failed(Transfer::Stage::not_sent, sent.error());
  if (answer_by.passed())
    co_return failed(Transfer::Stage::not_sent, Error{ErrorKind::timed_out, "no time is left for an answer"});
  if (!still_wanted())
    co_return failed(Transfer::Stage::abandoned, Error{ErrorKind::cancelled, "no longer wanted"});
  machine_.expect(Awaited::content, lmtp_ ? outgoing.recipients : 1);
  // From here on nobody knows until the server has answered: even a failed write may have carried the end of
  // data.
  if (const auto sent = co_await stream_.write(tail, soon().earlier(answer_by)); !sent)
    co_return failed(Transfer::Stage::unanswered, sent.error());
  while (machine_.awaited() > 0) {
    auto answer = co_await reply(answer_by);
    if (!answer && transfer.replies.empty()) co_return failed(Transfer::Stage::unanswered, answer.error());
    if (!answer) {
      // LMTP: those that were answered count, for each of the others nobody knows.
      (void)failed(Transfer::Stage::answered, answer.error());
      transfer.replies.resize(outgoing.recipients, Reply{451, "4.4.2 Error: no answer for this recipient"});
      co_return transfer;
    }
    transfer.replies.push_back(*std::move(answer));
  }
  transfer.stage = transfer.replies.size() == 1 && !transfer.replies[0].positive()
                       ? Transfer::Stage::refused
                       : Transfer::Stage::answered;
  co_return transfer;
}

asio::awaitable<void> SmtpClient::quit() {
  machine_.expect(Awaited::quit);
  const Deadline shortly = Deadline::in(std::chrono::seconds(2));
  const Result<> sent = co_await stream_.write("QUIT\r\n", shortly);
  if (sent) {
    const Result<Reply> bye = co_await reply(shortly);
    (void)bye;
  }
  stream_.close();
}

}  // namespace rastel::net
