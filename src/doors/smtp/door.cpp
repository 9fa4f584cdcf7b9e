// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/door.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.hpp"
#include "doors/smtp/session.hpp"
#include "inspect/running_sessions.hpp"
#include "net/acceptor.hpp"
#include "net/proxy_header.hpp"

namespace rastel::doors::smtp {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;
constexpr auto proxy_header_time = std::chrono::seconds(10);  // PROTOCOLS X-13: at least 3 s

std::string own_name(const SmtpDoorOptions& options, const SiteOptions& site) {
  if (!options.greeting_host.empty()) return options.greeting_host;
  if (!site.hostname.empty()) return site.hostname;
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  return name;
}

class Listening final : public inspect::Door, public std::enable_shared_from_this<Listening> {
 public:
  Listening(net::Acceptor acceptor, const SmtpDoorOptions& options, const SiteOptions& site, DoorTls tls,
            inspect::Services& services)
      : Door({"smtp", options.name, options.listen, to_string(options.next_hop),
              "for " + to_string(options.next_hop)}),
        acceptor_(std::move(acceptor)),
        state_(new DoorState{options, site, std::move(tls), services, own_name(options, site)}) {}

  void start() { asio::co_spawn(acceptor_.executor(), accept(shared_from_this()), asio::detached); }

  void drain() override {
    state_->draining = true;
    state_->kept->close();
    running_.interrupt_all();
  }
  void retire() override {
    acceptor_.close();
    state_->kept->close();
  }
  std::size_t sessions() const override { return state_->sessions; }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Listening> self) {
    for (;;) {
      const auto executor = self->state_->services.threads.next();
      auto socket = co_await self->acceptor_.accept(executor);
      if (!socket) co_return;
      asio::co_spawn(executor, serve(self, std::make_shared<net::Stream::Socket>(*std::move(socket))),
                     asio::detached);
    }
  }

  // Whom the peer speaks for. An error: the connection is not to be served, nor answered.
  static asio::awaitable<Result<ClientIdentity>> identify(const DoorState& state,
                                                          std::shared_ptr<net::Stream::Socket> socket) {
    ClientIdentity peer = identity_of(*socket);
    if (!state.options.proxy_protocol) co_return peer;
    if (!state.trusts(peer))
      co_return fail(ErrorKind::peer, fmt::format("{} is not among `trusted`", peer.address));
    const auto header = co_await net::read_proxy_header(socket, Deadline::in(proxy_header_time));
    if (!header)
      co_return fail(header.error().kind, fmt::format("{}: {}", peer.address, header.error().what));
    co_return *header ? identity_of(**header) : std::move(peer);
  }

  static asio::awaitable<void> serve(std::shared_ptr<Listening> self,
                                     std::shared_ptr<net::Stream::Socket> socket) {
    DoorState& state = *self->state_;
    const std::shared_ptr<void> counted(nullptr, [self](void*) { --self->state_->sessions; });
    const std::size_t number = ++state.sessions;
    const auto client = co_await identify(state, socket);
    if (!client) {
      log::warning("door {}: a connection is closed: {}", state.options.name, client.error().what);
      co_return;
    }
    net::Stream stream(std::move(*socket));
    socket.reset();
    const bool trusted = state.trusts(*client);
    const std::size_t most = state.options.max_sessions;
    // A trusted peer is a mail server that hears a refusal at MAIL better than in the banner (PROTOCOLS
    //
    const Admission admission = number > most ? Admission::refused_at_mail : Admission::full;
    std::string_view refusal;
    if (state.draining)
      refusal = "4.3.2 {} is shutting down";
    else if (number > (trusted ? 2 * most : most))
      refusal = "4.3.2 {} too many sessions";
    else if (!trusted && !state.limits.enter(client->address, SteadyClock::now()))
      refusal = "4.7.0 {} too many sessions from your address";
    if (!refusal.empty()) {
      // Where TLS comes first it is closed without a word: a handshake would cost more than the session.
      if (state.options.tls.mode == DoorTlsMode::implicit) co_return;
      const std::string line = "421 " + fmt::format(fmt::runtime(refusal), state.host) + "\r\n";
      const Result<> written = co_await stream.write(line, Deadline::in(std::chrono::seconds(5)));
      (void)written;
    } else {
      const std::string address = client->address;
      const std::shared_ptr<void> entered(nullptr, [self, trusted, address](void*) {
        if (!trusted) self->state_->limits.leave(address, SteadyClock::now());
      });
      const auto executor = stream.executor();
      const auto session = std::make_shared<Session>(std::move(stream), *client, admission, self->state_);
      const std::shared_ptr<void> there = self->running_.enter(executor, session);
      co_await session->run();
    }
  }

  net::Acceptor acceptor_;
  std::shared_ptr<DoorState> state_;  // sessions outlive a door that was drained
  inspect::RunningSessions<Session> running_;
};

}  // namespace

Result<std::shared_ptr<inspect::Door>> open(asio::any_io_executor executor, FileDescriptor listener,
                                            const SmtpDoorOptions& options, const SiteOptions& site,
                                            DoorTls tls, inspect::Services& services) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  auto door = std::make_shared<Listening>(std::move(acceptor), options, site, std::move(tls), services);
  door->start();
  return door;
}

}  // namespace rastel::doors::smtp
