// SPDX-License-Identifier: GPL-2.0-only
#include "doors/http/door.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "net/acceptor.hpp"

namespace rastel::doors::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using HttpStream = beast::basic_stream<asio::generic::stream_protocol>;
using Response = beast::http::response<beast::http::string_body>;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);

class Listening final : public Door, public std::enable_shared_from_this<Listening> {
 public:
  Listening(net::Acceptor acceptor, Sources sources)
      : acceptor_(std::move(acceptor)), sources_(std::move(sources)) {}

  void start() { asio::co_spawn(acceptor_.executor(), accept(shared_from_this()), asio::detached); }
  void close() override { acceptor_.close(); }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Listening> self) {
    for (;;) {
      auto socket = co_await self->acceptor_.accept();
      if (!socket) co_return;
      if (self->connections_ >= most_connections)
        continue;  // closes the new one: whoever asks too often waits
      ++self->connections_;
      asio::co_spawn(self->acceptor_.executor(), serve(self, HttpStream(*std::move(socket))), asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Listening> self, HttpStream stream) {
    beast::flat_buffer buffer(8 * 1024);
    for (;;) {
      beast::http::request_parser<beast::http::empty_body> parser;
      parser.header_limit(8 * 1024);
      parser.body_limit(std::uint64_t{0});
      stream.expires_after(std::chrono::seconds(10));
      const auto [code, length] = co_await beast::http::async_read(stream, buffer, parser, as_awaitable);
      if (code) break;
      Response response = co_await self->answer(parser.get());
      const auto [problem, written] = co_await beast::http::async_write(stream, response, as_awaitable);
      if (problem || !response.keep_alive()) break;
    }
    --self->connections_;
  }

  asio::awaitable<Response> answer(const beast::http::request<beast::http::empty_body>& request) const {
    using beast::http::status;
    Response response(status::ok, request.version());
    response.set(beast::http::field::server, "Rastel");
    response.set(beast::http::field::content_type, "application/json");
    response.set(beast::http::field::cache_control, "no-store");
    response.keep_alive(request.keep_alive());
    const bool head = request.method() == beast::http::verb::head;
    const bool wants_metrics = request.target() == "/metrics";
    if (!wants_metrics && request.target() != "/health") {
      response.result(status::not_found);
      response.body() = "{\"error\":\"there are only /health and /metrics here\"}\n";
    } else if (!head && request.method() != beast::http::verb::get) {
      response.result(status::method_not_allowed);
      response.set(beast::http::field::allow, "GET, HEAD");
      response.body() = "{\"error\":\"GET or HEAD\"}\n";
    } else if (wants_metrics) {
      response.set(beast::http::field::content_type, metrics_type);
      response.body() = co_await sources_.metrics();
    } else {
      const Health health = sources_.health();
      if (!health.good) response.result(status::service_unavailable);
      response.body() = health.json + "\n";
    }
    response.prepare_payload();
    if (head) response.body().clear();
    co_return response;
  }

  net::Acceptor acceptor_;
  Sources sources_;
  int connections_ = 0;
};

}  // namespace

Result<std::shared_ptr<Door>> Door::open(asio::any_io_executor executor, FileDescriptor listener,
                                         Sources sources) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  auto door = std::make_shared<Listening>(std::move(acceptor), std::move(sources));
  door->start();
  return door;
}

}  // namespace rastel::doors::http
