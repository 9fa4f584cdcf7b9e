// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/release.hpp"

#include <unistd.h>

#include "base/log.hpp"
#include "net/smtp_client.hpp"
#include "protocol/header_scanner.hpp"
#include "protocol/smtp/parameters.hpp"

namespace rastel::inspect {
namespace {

namespace asio = boost::asio;
using rastel::smtp::Reply;

struct Stored {
  MessagePointer message;
  Digest key;  // by which the same message is known when it comes back in through one of our doors
};

Result<Stored> load(store::Quarantine& quarantine, const std::string& id,
                    const std::filesystem::path& spool) {
  RASTEL_TRY(const FileDescriptor file, quarantine.raw(id));
  MessageWriter writer(spool, std::uint64_t{1} << 40);
  HeaderScanner header("X-Rastel");
  std::string piece(64 * 1024, '\0');
  std::string out;
  for (;;) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0) return fail_errno(errno, "can't read the held message " + id);
    if (got == 0) break;
    out.clear();
    header.feed(std::string_view(piece).substr(0, static_cast<std::size_t>(got)), out);
    RASTEL_CHECK(writer.write(out));
  }
  out.clear();
  header.finish(out);
  RASTEL_CHECK(writer.write(out));
  Stored stored;
  RASTEL_TRY(stored.message, writer.finish());
  stored.key = header.retry_key();
  return stored;
}

std::string with(std::string command, const std::string& parameters) {
  return parameters.empty() ? command : command + " " + parameters;
}

asio::awaitable<Result<Released>> hand_over(const store::Release& release, const Message& message,
                                            const ReleaseHop& hop) {
  RASTEL_CO_TRY(net::SmtpClient client,
                co_await net::SmtpClient::connect(hop.hop, hop.own_name, std::chrono::seconds(60)));
  Released result;
  // AUTH= names who was logged in then; here nobody is, and the hop would refuse it (RFC 4954 5).
  const std::string parameters = rastel::smtp::without_parameter(release.reverse_path_parameters, "AUTH");
  RASTEL_CO_TRY(const Reply mail,
                co_await client.command(with("MAIL FROM:<" + release.reverse_path + ">", parameters)));
  result.reply = mail.one_line();
  std::vector<std::string> accepted;
  for (const Recipient& recipient : release.recipients) {
    if (!mail.positive()) {
      result.refused.push_back(recipient.address);
      continue;
    }
    RASTEL_CO_TRY(const Reply reply,
                  co_await client.command(with("RCPT TO:<" + recipient.address + ">", recipient.parameters)));
    if (!reply.positive()) result.reply = reply.one_line();
    (reply.positive() ? accepted : result.refused).push_back(recipient.address);
  }
  if (accepted.empty()) co_return result;
  const net::Outgoing outgoing{{}, &message, accepted.size()};
  const std::function<bool()> always = [] { return true; };
  const auto transfer = co_await client.send(outgoing, always, Deadline::in(std::chrono::minutes(10)));
  if (transfer.stage != net::Transfer::Stage::answered && transfer.stage != net::Transfer::Stage::refused)
    co_return fail(ErrorKind::peer, "the release hop did not take the message: " + transfer.problem);
  result.reply = transfer.replies.front().one_line();
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    const Reply& reply = transfer.replies[std::min(i, transfer.replies.size() - 1)];
    (reply.positive() ? result.released : result.refused).push_back(accepted[i]);
  }
  co_await client.quit();
  co_return result;
}

asio::awaitable<Result<Released>> finish(store::Release release, MessagePointer message, ReleaseHop hop,
                                         store::Quarantine& quarantine, BlockingPool& blocking) {
  auto result = co_await hand_over(release, *message, hop);
  Released outcome;
  if (result) {
    outcome = *result;
  } else {
    for (const Recipient& recipient : release.recipients) outcome.refused.push_back(recipient.address);
  }
  auto note = [&quarantine, id = release.id, outcome]() -> Result<> {
    if (!outcome.released.empty()) RASTEL_CHECK(quarantine.finish_release(id, outcome.released, true));
    if (!outcome.refused.empty()) RASTEL_CHECK(quarantine.finish_release(id, outcome.refused, false));
    return {};
  };
  RASTEL_CO_CHECK(co_await blocking.run(std::move(note)));
  if (!result) co_return std::unexpected(result.error());
  co_return outcome;
}

}  // namespace

asio::awaitable<Result<Released>> release(std::string id, std::vector<std::string> only, ReleaseHop hop,
                                          store::Quarantine& quarantine, BlockingPool& blocking,
                                          std::filesystem::path spool) {
  if (hop.hop.endpoint.kind == Endpoint::Kind::none)
    co_return fail(
        ErrorKind::invalid_input,
        "[store] release is not set: say where released mail re-enters, e.g. release = \"127.0.0.1:10026\"");
  auto read = [&quarantine, id, spool] { return load(quarantine, id, spool); };
  RASTEL_CO_TRY(Stored stored, co_await blocking.run(std::move(read)));
  auto begin = [&quarantine, id, only, key = stored.key] {
    return quarantine.begin_release(id, only, key, store::Clock::now());
  };
  RASTEL_CO_TRY(store::Release begun, co_await blocking.run(std::move(begin)));
  co_return co_await finish(std::move(begun), stored.message, hop, quarantine, blocking);
}

asio::awaitable<void> resume_releases(ReleaseHop hop, store::Quarantine& quarantine, BlockingPool& blocking,
                                      std::filesystem::path spool) {
  const auto pending = co_await blocking.run([&quarantine] { return quarantine.pending_releases(); });
  if (!pending) {
    log::error("can't read the releases under way: {}", pending.error().what);
    co_return;
  }
  for (const store::Release& release : *pending) {
    auto read = [&quarantine, id = release.id, spool] { return load(quarantine, id, spool); };
    const auto stored = co_await blocking.run(std::move(read));
    if (!stored) {
      log::error("{}: the release can't go on: {}", release.id, stored.error().what);
      continue;
    }
    const auto result = co_await finish(release, stored->message, hop, quarantine, blocking);
    if (result)
      log::info("{}: release resumed: {}", release.id, result->reply);
    else
      log::error("{}: the release failed: {}", release.id, result.error().what);
  }
}

}  // namespace rastel::inspect
