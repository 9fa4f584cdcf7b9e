// SPDX-License-Identifier: GPL-2.0-only
#include "page/server.hpp"

#include <array>
#include <map>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "inspect/blocking.hpp"
#include "net/acceptor.hpp"
#include "page/daemon_client.hpp"

namespace rastel::page {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;
using HttpStream = beast::basic_stream<asio::generic::stream_protocol>;
using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;
using RawHeader = http::response<http::empty_body>;
constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t header_limit = 16 * 1024;
constexpr std::size_t most_questions = 16;
constexpr std::size_t most_passwords = 8;

// Nothing of another origin is loaded, nothing inline is run, nobody may frame us, nothing is kept.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> always{{
    {"Server", "Rastel"},
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"X-Permitted-Cross-Domain-Policies", "none"},
    {"X-Robots-Tag", "noindex, nofollow"},
}};
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri "
    "'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
constexpr std::string_view raw_policy = "default-src 'none'; frame-ancestors 'none'; sandbox";

unsigned status_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input:
    case ErrorKind::hostile_message:
      return 400;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::busy:
    case ErrorKind::no_space:
    case ErrorKind::peer_closed:
    case ErrorKind::cancelled:
      return 503;
    case ErrorKind::peer:
      return 502;
    case ErrorKind::timed_out:
      return 504;
    case ErrorKind::ours:
      return 500;
  }
  return 500;
}

Answer answer_for(const Error& error) {
  if (error.kind == ErrorKind::peer_closed) return error_answer(503, "the daemon doesn't answer: is it up?");
  return error_answer(status_for(error.kind), error.what);
}

void set_always(auto& response, std::string_view policy) {
  for (const auto& [name, value] : always) response.set(name, value);
  response.set("Content-Security-Policy", policy);
}

std::string_view value_of(const auto& request, std::string_view name) {
  const auto found = request.find(name);
  return found == request.end() ? std::string_view()
                                : std::string_view(found->value().data(), found->value().size());
}

// Two of them: whoever stands before us may have believed the other.
bool has_doubles(const auto& request) {
  for (const std::string_view name :
       {"Host", "Origin", "Cookie", "Content-Type", "X-Rastel-Token", "Sec-Fetch-Site", "Content-Length"})
    if (request.count(name) > 1) return true;
  return false;
}

std::string address_of(const HttpStream& stream) {
  boost::system::error_code code;
  const auto peer = stream.socket().remote_endpoint(code);
  if (code) return "unix";
  const auto* address = reinterpret_cast<const sockaddr*>(peer.data());
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text, sizeof text);
  } else {
    return "unix";
  }
  return text;
}

// Many people may come from there: they stand before a proxy.
bool is_local(const std::string& address) {
  return address == "unix" || address == "::1" || address.starts_with("127.");
}

class Listening final : public Server, public std::enable_shared_from_this<Listening> {
 public:
  Listening(net::Acceptor acceptor, Site& site, std::string control_path, ServerLimits limits)
      : acceptor_(std::move(acceptor)), site_(site), control_(std::move(control_path)), limits_(limits) {}

  void start() { asio::co_spawn(acceptor_.executor(), accept(shared_from_this()), asio::detached); }
  void close() override { acceptor_.close(); }

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Listening> self) {
    for (;;) {
      auto socket = co_await self->acceptor_.accept();
      if (!socket) co_return;
      HttpStream stream(*std::move(socket));
      std::string address = address_of(stream);
      if (self->connections_ >= self->limits_.most_connections) continue;  // closes it
      std::size_t& his = self->by_address_[address];
      if (!is_local(address) && his >= self->limits_.most_of_one_address) continue;
      ++his;
      ++self->connections_;
      asio::co_spawn(self->acceptor_.executor(), serve(self, std::move(stream), std::move(address)),
                     asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Listening> self, HttpStream stream,
                                     std::string address) {
    co_await self->hold(stream, address);
    boost::system::error_code ignored;
    stream.socket().shutdown(asio::socket_base::shutdown_both, ignored);
    --self->connections_;
    if (const auto found = self->by_address_.find(address);
        found != self->by_address_.end() && --found->second == 0)
      self->by_address_.erase(found);
  }

  asio::awaitable<void> hold(HttpStream& stream, const std::string& address) {
    beast::flat_buffer buffer(header_limit + largest_body);
    for (bool again = true; again;) {
      Parser parser;
      parser.header_limit(header_limit);
      parser.body_limit(largest_body);
      stream.expires_after(limits_.request);
      const auto [code, length] = co_await http::async_read(stream, buffer, parser, as_awaitable);
      if (code) {
        const unsigned status = code == http::error::header_limit ? 431
                                : code == http::error::body_limit ? 413
                                : code.category() == make_error_code(http::error::bad_method).category() &&
                                        code != http::error::end_of_stream &&
                                        code != http::error::partial_message
                                    ? 400
                                    : 0;
        if (status != 0) co_await refuse(stream, status);
        co_return;
      }
      again = co_await carry_out(stream, parser.get(), address);
    }
  }

  asio::awaitable<void> refuse(HttpStream& stream, unsigned status) {
    const Answer answer =
        error_answer(status, status == 400 ? "this is no HTTP request" : "the request is too large");
    (void)co_await send(stream, answer, 11, false, false);
  }

  // Whether the connection goes on.
  asio::awaitable<bool> carry_out(HttpStream& stream, const Parser::value_type& request,
                                  const std::string& address) {
    const bool head = request.method() == http::verb::head;
    const bool keep = request.keep_alive();
    if (has_doubles(request)) {
      const Answer answer = error_answer(400, "a header is missing or stands there twice");
      co_return co_await send(stream, answer, request.version(), head, false);
    }
    Incoming incoming;
    incoming.method = {request.method_string().data(), request.method_string().size()};
    incoming.target = {request.target().data(), request.target().size()};
    incoming.host = value_of(request, "Host");
    incoming.origin = value_of(request, "Origin");
    incoming.cookie = value_of(request, "Cookie");
    incoming.content_type = value_of(request, "Content-Type");
    incoming.token = value_of(request, "X-Rastel-Token");
    incoming.fetch_site = value_of(request, "Sec-Fetch-Site");
    incoming.forwarded_for = value_of(request, "X-Forwarded-For");
    incoming.body = request.body();
    incoming.peer = address;
    Decision decision = site_.decide(incoming, Clock::now());
    if (auto* question = std::get_if<Question>(&decision);
        question != nullptr && question->kind == Question::Kind::raw)
      co_return co_await send_raw(stream, std::move(*question), request.version(), head, keep);
    const Answer answer = co_await answer_to(std::move(decision));
    co_return co_await send(stream, answer, request.version(), head, keep);
  }

  asio::awaitable<Answer> answer_to(Decision decision) {
    if (auto* answer = std::get_if<Answer>(&decision)) co_return std::move(*answer);
    if (auto* check = std::get_if<LoginCheck>(&decision)) co_return co_await log_in(std::move(*check));
    co_return co_await ask(std::get<Question>(std::move(decision)));
  }

  asio::awaitable<Answer> log_in(LoginCheck check) {
    if (passwords_ >= most_passwords) co_return error_answer(503, "too many log in at once: try again");
    ++passwords_;
    auto compare = [&check] { return password_matches(check.hash, check.password); };
    const bool matches = co_await blocking_.run(std::move(compare));
    --passwords_;
    co_return site_.finish_login(check, matches, Clock::now());
  }

  asio::awaitable<Answer> ask(Question question) {
    if (questions_ >= most_questions) co_return error_answer(503, "too much is asked at once: try again");
    ++questions_;
    const Deadline deadline =
        Deadline::in(question.kind == Question::Kind::change ? limits_.change : limits_.question);
    auto rows = co_await rows_of(std::move(question.request), deadline);
    --questions_;
    if (!question.what.empty()) {
      if (rows)
        log::info("page: {}: done", question.what);
      else
        log::warning("page: {}: {}", question.what, rows.error().what);
    }
    if (!rows) co_return answer_for(rows.error());
    co_return answer_of(question.kind, *rows);
  }

  asio::awaitable<Result<DaemonClient::Rows>> rows_of(json::object request, Deadline deadline) {
    RASTEL_CO_TRY(DaemonClient client, co_await DaemonClient::ask(control_, std::move(request), deadline));
    co_return co_await client.rows(deadline);
  }

  static Answer answer_of(Question::Kind kind, const DaemonClient::Rows& answered) {
    Answer answer;
    const auto& rows = answered.rows;
    const std::string first = rows.empty() ? "{}" : rows.front();
    const json::value value = json::parse(first);  // rows() has read it once
    switch (kind) {
      case Question::Kind::rows:
        answer.body = fmt::format("{{\"all\":{},\"rows\":[{}]}}\n", answered.all, fmt::join(rows, ",\n"));
        return answer;
      case Question::Kind::health:
        if (const json::value* good = value.get_object().if_contains("good");
            good == nullptr || !good->is_bool() || !good->get_bool())
          answer.status = 503;
        if (const json::value* health = value.get_object().if_contains("health"))
          answer.body = json::serialize(*health) + "\n";
        return answer;
      case Question::Kind::metrics:
        answer.type = "text/plain; version=0.0.4; charset=utf-8";
        if (const json::value* text = value.get_object().if_contains("text");
            text != nullptr && text->is_string())
          answer.body = std::string(text->get_string());
        return answer;
      case Question::Kind::object:
      case Question::Kind::change:
      case Question::Kind::raw:
        break;
    }
    answer.body = first + "\n";
    return answer;
  }

  asio::awaitable<bool> send(HttpStream& stream, const Answer& answer, unsigned version, bool head,
                             bool keep) {
    Response response(static_cast<http::status>(answer.status), version);
    set_always(response, page_policy);
    response.set(http::field::content_type, answer.type);
    if (!answer.set_cookie.empty()) response.set(http::field::set_cookie, answer.set_cookie);
    if (!answer.allow.empty()) response.set(http::field::allow, answer.allow);
    if (answer.retry_after != 0) response.set(http::field::retry_after, std::to_string(answer.retry_after));
    response.keep_alive(keep);
    response.body() = answer.body;
    response.prepare_payload();
    if (head) response.body().clear();
    stream.expires_after(limits_.taking);
    const auto [code, length] = co_await http::async_write(stream, response, as_awaitable);
    co_return !code && keep;
  }

  asio::awaitable<bool> send_raw(HttpStream& stream, Question question, unsigned version, bool head,
                                 bool keep) {
    if (questions_ >= most_questions) {
      const Answer busy = error_answer(503, "too much is asked at once: try again");
      co_return co_await send(stream, busy, version, head, keep);
    }
    ++questions_;
    const bool again = co_await raw_bytes(stream, question, version, head, keep);
    --questions_;
    co_return again;
  }

  asio::awaitable<bool> raw_bytes(HttpStream& stream, Question& question, unsigned version, bool head,
                                  bool keep) {
    auto client =
        co_await DaemonClient::ask(control_, std::move(question.request), Deadline::in(limits_.question));
    Result<std::uint64_t> size = std::unexpected(client ? Error{} : client.error());
    if (client) size = co_await client->size(Deadline::in(limits_.question));
    if (!size) {
      const Answer answer = answer_for(size.error());
      co_return co_await send(stream, answer, version, head, keep);
    }
    RawHeader header(http::status::ok, version);
    set_always(header, raw_policy);
    header.set(http::field::content_type, "application/octet-stream");
    header.set(http::field::content_disposition, fmt::format("attachment; filename=\"{}.eml\"", question.id));
    header.content_length(*size);
    header.keep_alive(keep);
    http::response_serializer<http::empty_body> serializer(header);
    stream.expires_after(limits_.taking);
    const auto [code, length] = co_await http::async_write_header(stream, serializer, as_awaitable);
    if (code) co_return false;
    if (head) co_return keep;
    for (std::uint64_t left = *size; left > 0;) {
      const auto piece = co_await client->piece(left, Deadline::in(limits_.question));
      if (!piece) co_return false;  // cut: the length that was promised says so
      stream.expires_after(limits_.taking);
      const auto [problem, written] = co_await asio::async_write(stream, asio::buffer(*piece), as_awaitable);
      if (problem) co_return false;
      left -= piece->size();
    }
    co_return keep;
  }

  net::Acceptor acceptor_;
  Site& site_;
  const std::string control_;
  const ServerLimits limits_;
  inspect::BlockingPool blocking_{1};
  std::map<std::string, std::size_t> by_address_;
  std::size_t connections_ = 0, questions_ = 0, passwords_ = 0;
};

}  // namespace

Result<std::shared_ptr<Server>> Server::open(asio::any_io_executor executor, FileDescriptor listener,
                                             Site& site, std::string control_path, ServerLimits limits) {
  RASTEL_TRY(auto acceptor, net::Acceptor::create(std::move(executor), std::move(listener)));
  auto server = std::make_shared<Listening>(std::move(acceptor), site, std::move(control_path), limits);
  server->start();
  return server;
}

}  // namespace rastel::page
