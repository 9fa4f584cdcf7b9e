// SPDX-License-Identifier: GPL-2.0-only
#include "page/daemon_client.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace rastel::page {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t largest_answer = 8 * 1024 * 1024;
constexpr std::size_t piece_size = 64 * 1024;

// As app/control.cpp names them.
ErrorKind kind_named(std::string_view name) {
  using Named = std::pair<std::string_view, ErrorKind>;
  constexpr std::array kinds{
      Named{"invalid_input", ErrorKind::invalid_input}, Named{"peer", ErrorKind::peer},
      Named{"peer_closed", ErrorKind::peer_closed},     Named{"timed_out", ErrorKind::timed_out},
      Named{"no_space", ErrorKind::no_space},           Named{"busy", ErrorKind::busy},
      Named{"not_found", ErrorKind::not_found}};
  const auto found = std::ranges::find(kinds, name, &Named::first);
  return found == kinds.end() ? ErrorKind::ours : found->second;
}

// The end of an answer: true for an orderly one. Nothing: the line is a row.
Result<bool> is_end(const std::string& line) {
  boost::system::error_code code;
  const json::value value = json::parse(line, code);
  const json::object* object = code ? nullptr : value.if_object();
  if (object == nullptr) return fail(ErrorKind::ours, "the daemon answers what is no JSON object");
  if (const json::value* error = object->if_contains("error"); error != nullptr && error->is_string()) {
    const json::value* kind = object->if_contains("kind");
    return fail(kind != nullptr && kind->is_string() ? kind_named(kind->get_string()) : ErrorKind::ours,
                std::string(error->get_string()));
  }
  return object->contains("end");
}

}  // namespace

asio::awaitable<Result<DaemonClient>> DaemonClient::ask(std::string path, json::object request,
                                                        Deadline deadline) {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::unix_socket;
  endpoint.path = std::move(path);
  const std::string text = json::serialize(request) + "\n";
  RASTEL_CO_TRY(net::Stream stream, co_await net::connect(endpoint, deadline));
  DaemonClient client(std::move(stream));
  RASTEL_CO_CHECK(co_await client.stream_.write(text, deadline));
  co_return client;
}

asio::awaitable<Result<std::string>> DaemonClient::line(Deadline deadline) {
  std::size_t searched = 0;
  for (;;) {
    if (const std::size_t newline = input_.find('\n', searched); newline != std::string::npos) {
      std::string found = input_.substr(0, newline);
      input_.erase(0, newline + 1);
      co_return found;
    }
    searched = input_.size();
    if (input_.size() > largest_answer) co_return fail(ErrorKind::ours, "the daemon answers too much");
    RASTEL_CO_TRY(const std::string_view bytes, co_await stream_.read(deadline));
    input_ += bytes;
  }
}

asio::awaitable<Result<DaemonClient::Rows>> DaemonClient::rows(Deadline deadline) {
  Rows answer;
  std::size_t size = 0;
  for (;;) {
    RASTEL_CO_TRY(std::string row, co_await line(deadline));
    RASTEL_CO_TRY(const bool end, is_end(row));
    if (end) co_return answer;
    size += row.size();
    if (size > largest_answer) {
      answer.all = false;
      co_return answer;
    }
    answer.rows.push_back(std::move(row));
  }
}

asio::awaitable<Result<std::uint64_t>> DaemonClient::size(Deadline deadline) {
  RASTEL_CO_TRY(const std::string row, co_await line(deadline));
  RASTEL_CO_CHECK(is_end(row));
  boost::system::error_code code;
  const json::value value = json::parse(row, code);
  const json::value* bytes = value.get_object().if_contains("bytes");
  const std::uint64_t size = bytes == nullptr ? 0 : bytes->to_number<std::uint64_t>(code);
  if (bytes == nullptr || code)
    co_return fail(ErrorKind::ours, "the daemon doesn't say how long the message is");
  co_return size;
}

asio::awaitable<Result<std::string>> DaemonClient::piece(std::uint64_t left, Deadline deadline) {
  if (input_.empty()) {
    RASTEL_CO_TRY(const std::string_view bytes, co_await stream_.read(deadline));
    input_ = bytes;
  }
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>({left, input_.size(), piece_size}));
  std::string bytes = input_.substr(0, length);
  input_.erase(0, length);
  co_return bytes;
}

}  // namespace rastel::page
