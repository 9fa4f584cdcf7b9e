// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/session.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/use_awaitable.hpp>

#include "base/identifier.hpp"
#include "base/log.hpp"
#include "doors/pipe/decision.hpp"
#include "policy/direction.hpp"

namespace rastel::doors::pipe {

namespace asio = boost::asio;
using rastel::pipe::Answer;
using rastel::pipe::Doing;
using rastel::pipe::FrameKind;
using rastel::pipe::FrameReader;
using rastel::pipe::RequestKind;

namespace {

constexpr auto for_a_request = std::chrono::seconds(10);
constexpr auto for_an_answer = std::chrono::seconds(10);  // until the program has taken it
constexpr auto for_a_result = std::chrono::minutes(15);   // mail servers give a delivery program no longer

// The first few of them.
std::string bracketed(const std::vector<std::string>& addresses) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(addresses.size(), most); ++i)
    text += (i == 0 ? "<" : ",<") + addresses[i] + ">";
  if (addresses.size() > most) text += " and others";
  return text.empty() ? "-" : text;
}

}  // namespace

Session::Session(net::Stream stream, std::string, std::shared_ptr<DoorState> door)
    : door_(std::move(door)), stream_(std::move(stream)) {}

void Session::interrupt() {
  if (at_rest_) stream_.interrupt_read();
}

void Session::complain(std::string_view what) const {
  log::info("door {}: a program of user {} is not served: {}", door_->options.name, user_, what);
}

asio::awaitable<void> Session::run() {
  const auto user = stream_.peer_user();
  if (user) {
    user_ = *user;
    const bool asked = co_await receive_request();
    if (asked) co_await serve();
  }
  stream_.close();
}

asio::awaitable<bool> Session::receive_request() {
  const Deadline by = Deadline::in(for_a_request);
  FrameReader reader(FrameKind::request);
  std::vector<FileDescriptor> came;
  for (;;) {
    const auto bytes = co_await stream_.read(by, came);
    if (!bytes) {
      // One that only looks whether somebody listens says nothing.
      if (!reader.empty()) complain(bytes.error().what);
      co_return false;
    }
    if (came.size() > 1) break;
    reader.receive(*bytes);
    const auto body = reader.next();
    if (!body) {
      complain(to_string(body.error()));
      Answer refusal = deferral("4.3.0 Error: " + std::string(to_string(body.error())), {});
      (void)co_await answer(std::move(refusal), nullptr);
      co_return false;
    }
    if (!*body) continue;
    auto request = rastel::pipe::decode_request(**body);
    if (!request || came.empty() != (request->kind == RequestKind::passed)) break;
    request_ = *std::move(request);
    if (!came.empty()) file_ = std::move(came.front());
    co_return true;
  }
  complain("its request is malformed, or hasn't one descriptor");
  Answer refusal = deferral("4.3.0 Error: a malformed request", {});
  (void)co_await answer(std::move(refusal), nullptr);
  co_return false;
}

void Session::count_passed() const {
  ++door_->services.passed_unscanned;
  log::warning(
      "door {}: a message from <{}> to {} passed unscanned while nobody answered (--fail=pass), says a "
      "program of user {}",
      door_->options.name, request_.sender, bracketed(request_.recipients), user_);
}

asio::awaitable<void> Session::serve() {
  if (request_.kind == RequestKind::passed) co_return count_passed();
  at_rest_ = false;
  const bool answered = co_await answer_request();
  if (!handing_) co_return;
  if (!answered) handing_->give_up();
  std::optional<rastel::pipe::Result> result;
  if (handing_->passes()) {
    at_rest_ = true;
    if (!door_->draining) result = co_await hear_result();
  }
  co_await handing_->tell(result);
}

// One of its user's until it has an answer, and no longer: deliveries may take their time.
asio::awaitable<bool> Session::answer_request() {
  const PipeDoorOptions& options = door_->options;
  const Deadline reply_by = Deadline::in(options.reply_deadline);
  const std::shared_ptr<void> admitted = Users::admit(door_->users, user_, options.max_sessions_per_user);
  if (!admitted || door_->services.inspector.overloaded()) {
    Answer busy;
    busy.doing = Doing::busy;
    co_return co_await answer(std::move(busy), nullptr);
  }
  if (request_.recipients.empty() || request_.recipients.size() > options.max_recipients) {
    Answer refusal =
        deferral(request_.recipients.empty() ? "4.3.5 Error: no recipient is known; use --recipient"
                                             : "4.5.3 Error: too many recipients",
                 {});
    complain(refusal.text);
    co_return co_await answer(std::move(refusal), nullptr);
  }
  const std::shared_ptr<void> turn = co_await Gate::enter(door_->gate, user_, reply_by);
  if (stream_.peer_has_hung_up()) co_return false;
  if (!turn) {
    Answer late = deferral("4.3.2 Error: too busy now, try again later", {});
    co_return co_await answer(std::move(late), nullptr);
  }
  auto taken = co_await take_message();
  if (!taken) {
    complain(taken.error().what);
    co_return co_await answer(answer_to(taken.error()), nullptr);
  }
  handing_.emplace(subject(), *std::move(taken), request_, options, door_->services);
  std::function<bool()> client_is_there = [this] { return !stream_.peer_has_hung_up(); };
  Answer decided = co_await handing_->decide(reply_by, std::move(client_is_there));
  co_return co_await answer(std::move(decided), handing_->changed());
}

asio::awaitable<Result<Taken>> Session::take_message() {
  auto work = [file = std::move(file_), most = door_->services.max_message, spool = door_->services.spool] {
    return take(file, most, spool);
  };
  co_return co_await door_->files.run(std::move(work));
}

inspect::Subject Session::subject() const {
  inspect::Subject subject;
  subject.id = new_message_id();
  Envelope& envelope = subject.envelope;
  envelope.door = door_->options.name;
  envelope.place = place_of(request_.kind, door_->options.place);
  envelope.reverse_path = request_.sender;
  for (const std::string& recipient : request_.recipients) envelope.recipients.push_back({recipient, {}});
  envelope.queue_id = request_.queue_id;
  envelope.client.address = request_.client_address;
  envelope.client.name = request_.client_name;
  envelope.client.helo = request_.client_helo;
  envelope.client.authenticated_user = request_.user;
  const bool client_known = !envelope.client.address.empty();
  envelope.direction = policy::direction_of(envelope, door_->site, client_known);
  // No address of a network, so that no rule means it.
  if (!client_known) envelope.client.address = "user " + std::to_string(user_);
  return subject;
}

asio::awaitable<bool> Session::answer(Answer answer, MessagePointer changed) {
  std::string bytes;
  append_frame(bytes, FrameKind::answer, encode(answer));
  const Deadline by = Deadline::in(for_an_answer);
  Result<> written;
  if (changed)
    written = co_await stream_.write(bytes, changed->descriptor(), by);
  else
    written = co_await stream_.write(bytes, by);
  co_return written.has_value();
}

asio::awaitable<std::optional<rastel::pipe::Result>> Session::hear_result() {
  const Deadline by = Deadline::in(for_a_result);
  FrameReader reader(FrameKind::result);
  for (;;) {
    std::vector<FileDescriptor> dropped;
    const auto bytes = co_await stream_.read(by, dropped);
    if (!bytes) co_return std::nullopt;
    reader.receive(*bytes);
    const auto body = reader.next();
    if (!body) co_return std::nullopt;
    if (!*body) continue;
    const auto result = rastel::pipe::decode_result(**body);
    if (!result) co_return std::nullopt;
    co_return *result;
  }
}

}  // namespace rastel::doors::pipe
