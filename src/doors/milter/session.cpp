// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/session.hpp"

#include <utility>

#include "base/log.hpp"
#include "doors/milter/words.hpp"
#include "inspect/replies.hpp"

namespace rastel::doors::milter {

namespace asio = boost::asio;
namespace event = rastel::milter::event;
namespace action = rastel::milter::action;
namespace step = rastel::milter::step;
using rastel::milter::Stage;

namespace {

// No early decision is made on what is silent, which saves a packet and a wait for each of them. MAIL and
// RCPT can be refused.
rastel::milter::FilterOptions machine_options(const MilterDoorOptions& door) {
  rastel::milter::FilterOptions options;
  options.actions =
      action::add_headers | action::change_headers | action::change_body | action::remove_recipients;
  options.steps = step::no_unknown | step::leading_space | step::silent_connect | step::silent_helo |
                  step::silent_data | step::silent_header | step::silent_end_of_headers | step::silent_body |
                  step::silent_unknown;
  // Sendmail has `i` from MAIL on and asks nobody which ones are wanted at the end; Postfix has it from DATA.
  options.macros = {{Stage::connect, {"j", "client_resolve"}},
                    {Stage::helo, {"tls_version"}},
                    {Stage::mail, {"i", "auth_authen"}},
                    {Stage::rcpt, {"i"}},
                    {Stage::data, {"i"}},
                    {Stage::end_of_headers, {"i"}},
                    {Stage::end_of_message, {"i"}}};
  options.most_recipients = door.place == Place::after_queue ? most_milter_recipients : door.max_recipients;
  return options;
}

}  // namespace

Session::Session(net::Stream stream, std::string peer, std::shared_ptr<DoorState> door)
    : door_(std::move(door)),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      machine_(machine_options(door_->options)) {
  stream_.acknowledge_at_once();
}

void Session::interrupt() {
  if (machine_.at_rest()) stream_.interrupt_read();
}

asio::awaitable<bool> Session::flush() {
  if (!machine_.has_output()) co_return true;
  const std::string output = machine_.take_output();
  const Result<> written = co_await stream_.write(output, Deadline::in(std::chrono::seconds(60)));
  co_return written.has_value();
}

asio::awaitable<void> Session::run() {
  bool told = true;
  while (told) {
    if (auto next = machine_.next()) {
      co_await handle(std::move(*next));
      if (machine_.wants_flush()) told = co_await flush();
      continue;
    }
    told = co_await flush();
    if (!told || machine_.closing() || (door_->draining && machine_.at_rest())) break;
    co_await receive();
  }
  stream_.close();
}

asio::awaitable<void> Session::receive() {
  const auto bytes = co_await stream_.read(Deadline::in(door_->options.idle_timeout));
  if (bytes) co_return machine_.receive(*bytes);
  if (bytes.error().kind == ErrorKind::cancelled) co_return;  // a drain: run() looks again
  machine_.end_of_input();
}

asio::awaitable<void> Session::handle(rastel::milter::Event event) {
  co_await std::visit([this]<class Kind>(Kind& kind) { return on(std::move(kind)); }, event);
}

// `what` is said to the client, where an answer is due; where none is, the message's end will tell.
void Session::answer(const rastel::smtp::Reply& reply) {
  const rastel::milter::Said said = machine_.answer(reply_code_of(reply));
  if (said != rastel::milter::Said::said) machine_.go_on();
}

std::string Session::macro(std::string_view name) const {
  return std::string(machine_.macros().find(name).value_or(std::string_view()));
}

void Session::forget_message() {
  envelope_ = {};
  paths_.clear();
  incoming_.reset();
  header_too_large_ = recipients_missing_ = false;
}

asio::awaitable<void> Session::on(event::Negotiated negotiated) {
  // Once for each that is missing: a mail server connects for every client.
  const auto said = door_->missing.fetch_or(negotiated.missing);
  const auto missing = negotiated.missing & ~said;
  if (missing != 0)
    log::warning("door {}: the mail server doesn't let its filters {}", door_->options.name,
                 names_of(missing));
  co_return;
}

asio::awaitable<void> Session::on(event::Connect connect) {
  forget_message();
  client_ = {};
  client_.address = connect.client.family == rastel::milter::Family::local ? "unix" : connect.client.address;
  client_.name = connect.client.name;
  // Sendmail's name is what the address claims to be; only with OK does the name say the same.
  const std::string resolved = macro("client_resolve");
  if (!resolved.empty() && resolved != "OK") client_.name.clear();
  machine_.go_on();
  co_return;
}

asio::awaitable<void> Session::on(event::Helo helo) {
  client_.helo = std::move(helo.name);
  machine_.go_on();
  co_return;
}

asio::awaitable<void> Session::on(event::Abort) {
  forget_message();
  co_return;
}

asio::awaitable<void> Session::on(event::Quit) {
  forget_message();
  co_return;
}

asio::awaitable<void> Session::on(event::QuitNewConnection) {
  forget_message();
  client_ = {};
  co_return;
}

asio::awaitable<void> Session::on(event::Unknown) {
  machine_.go_on();
  co_return;
}

asio::awaitable<void> Session::on(event::Violation violation) {
  log::warning("door {}: the mail server {} breaks the milter protocol: {}", door_->options.name, peer_,
               violation.what);
  forget_message();
  co_return;
}

}  // namespace rastel::doors::milter
