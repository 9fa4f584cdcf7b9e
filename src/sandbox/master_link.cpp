// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/master_link.hpp"

#include <deque>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unistd.h>

#include "sandbox/channel.hpp"
#include "sandbox/master_protocol.hpp"

namespace rastel::sandbox {
namespace {

namespace asio = boost::asio;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

class Link final : public MasterLink {
 public:
  Link(asio::any_io_executor executor, FileDescriptor socket)
      : executor_(executor), channel_(executor, std::move(socket)), gone_(executor) {
    gone_.expires_at(asio::steady_timer::time_point::max());
    asio::co_spawn(executor_, listen(), asio::detached);
  }

  asio::awaitable<Result<Handover>> configuration() override {
    co_return co_await hand_over(MasterVerb::configuration);
  }
  asio::awaitable<Result<Handover>> reload_configuration() override {
    co_return co_await hand_over(MasterVerb::reload);
  }

  asio::awaitable<Result<EngineProcess>> start_engine() override {
    RASTEL_CO_TRY(Packet packet, co_await ask(MasterVerb::start_engine));
    const auto answer = read_layout<MasterAnswer>(packet.bytes);
    if (answer->failed != 0) co_return fail(ErrorKind::ours, packet.bytes.substr(sizeof(MasterAnswer)));
    if (packet.descriptors.size() != 1) co_return fail(ErrorKind::ours, "the master sent no engine socket");
    co_return EngineProcess{answer->number, std::move(packet.descriptors[0])};
  }

  void kill_engine(std::uint32_t number) override {
    MasterRequest request;
    request.verb = MasterVerb::kill_engine;
    request.number = number;
    (void)channel_.send(write_layout(request));
  }

  asio::awaitable<Result<std::vector<ProcessMemory>>> memory() override {
    RASTEL_CO_TRY(const Packet packet, co_await ask(MasterVerb::memory));
    co_return decode_memory(std::string_view(packet.bytes).substr(sizeof(MasterAnswer)));
  }

  asio::awaitable<void> master_gone() override {
    if (!lost_) (void)co_await gone_.async_wait(as_awaitable);
  }

 private:
  struct Waiting {
    explicit Waiting(const asio::any_io_executor& executor) : timer(executor) {
      timer.expires_at(asio::steady_timer::time_point::max());
    }
    asio::steady_timer timer;
    std::optional<Packet> packet;
  };

  asio::awaitable<void> listen() {
    for (;;) {
      auto packet = co_await channel_.receive(largest_answer, most_listeners + 1, Deadline::never());
      if (!packet || !read_layout<MasterAnswer>(packet->bytes)) break;
      if (waiting_.empty()) continue;
      waiting_.front()->packet = std::move(*packet);
      waiting_.front()->timer.cancel();
      waiting_.pop_front();
    }
    lost_ = true;
    for (const auto& waiting : waiting_) waiting->timer.cancel();
    waiting_.clear();
    gone_.cancel();
  }

  asio::awaitable<Result<Packet>> ask(MasterVerb verb) {
    MasterRequest request;
    request.verb = verb;
    if (lost_) co_return fail(ErrorKind::ours, "the master process is gone");
    const auto waiting = std::make_shared<Waiting>(executor_);
    RASTEL_CO_CHECK(channel_.send(write_layout(request)));
    waiting_.push_back(waiting);
    (void)co_await waiting->timer.async_wait(as_awaitable);
    if (!waiting->packet) co_return fail(ErrorKind::ours, "the master process is gone");
    co_return *std::move(waiting->packet);
  }

  static std::string whole(const FileDescriptor& file) {
    std::string bytes;
    std::string piece(64 * 1024, '\0');
    for (;;) {
      const ssize_t got = pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(bytes.size()));
      if (got <= 0) return bytes;
      bytes.append(piece, 0, static_cast<std::size_t>(got));
    }
  }

  asio::awaitable<Result<Handover>> hand_over(MasterVerb verb) {
    RASTEL_CO_TRY(Packet packet, co_await ask(verb));
    const auto answer = read_layout<MasterAnswer>(packet.bytes);
    std::string_view text = std::string_view(packet.bytes).substr(sizeof(MasterAnswer));
    if (answer->failed != 0) co_return fail(ErrorKind::invalid_input, std::string(text));
    std::vector<std::string> lines;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      lines.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    // The text and the files, then a listener for each line but the first.
    if (lines.empty() || packet.descriptors.size() != lines.size() + 1)
      co_return fail(ErrorKind::ours, "the master's hand-over is incomplete");
    Handover handover;
    handover.source = lines[0];
    handover.configuration = whole(packet.descriptors[0]);
    RASTEL_CO_TRY(handover.files, unpack_files(whole(packet.descriptors[1])));
    for (std::size_t i = 1; i < lines.size(); ++i)
      handover.listeners.push_back({lines[i], std::move(packet.descriptors[i + 1])});
    co_return handover;
  }

  asio::any_io_executor executor_;
  Channel channel_;
  asio::steady_timer gone_;
  std::deque<std::shared_ptr<Waiting>> waiting_;
  bool lost_ = false;
};

}  // namespace

std::unique_ptr<MasterLink> MasterLink::create(asio::any_io_executor executor, FileDescriptor socket) {
  return std::make_unique<Link>(std::move(executor), std::move(socket));
}

}  // namespace rastel::sandbox
