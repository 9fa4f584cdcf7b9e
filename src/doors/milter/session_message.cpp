// SPDX-License-Identifier: GPL-2.0-only
// Session: one message, from MAIL to the answer to its end.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ascii.hpp"
#include "base/identifier.hpp"
#include "base/log.hpp"
#include "base/os/freed_memory.hpp"
#include "doors/milter/received.hpp"
#include "doors/milter/session.hpp"
#include "doors/milter/words.hpp"
#include "inspect/replies.hpp"
#include "inspect/room.hpp"
#include "policy/direction.hpp"

namespace rastel::doors::milter {

namespace asio = boost::asio;
namespace action = rastel::milter::action;
namespace event = rastel::milter::event;
using rastel::milter::Said;

namespace {

constexpr auto as_awaitable = asio::as_tuple(asio::use_awaitable);
// Sendmail waits 10 s for each answer (T=R), PROTOCOLS B-21.
constexpr auto progress_interval = std::chrono::seconds(4);

std::string_view without_brackets(std::string_view path) {
  if (path.starts_with('<') && path.ends_with('>') && path.size() >= 2)
    return path.substr(1, path.size() - 2);
  return path;
}

std::string joined(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) {
    if (!text.empty()) text += ' ';
    text += argument;
  }
  return text;
}

rastel::smtp::Reply too_many_recipients() { return {452, "4.5.3 Error: too many recipients"}; }

std::uint64_t announced_size(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments)
    if (starts_ignoring_case(argument, "SIZE=")) return std::strtoull(argument.c_str() + 5, nullptr, 10);
  return 0;
}

}  // namespace

// Says "still at work" while the owner waits for something else; nothing more is said once stop() returns.
class Session::Progress {
 public:
  explicit Progress(std::shared_ptr<Session> session)
      : state_(std::make_shared<State>(session->stream_.executor())) {
    asio::co_spawn(session->stream_.executor(), tick(session, state_), asio::detached);
  }

  asio::awaitable<void> stop() {
    state_->stopping = true;
    state_->interval.cancel();
    while (!state_->ended) {
      state_->end.expires_at(asio::steady_timer::time_point::max());
      (void)co_await state_->end.async_wait(as_awaitable);
    }
  }

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor) : interval(executor), end(executor) {}
    asio::steady_timer interval, end;
    bool stopping = false, ended = false;
  };

  static asio::awaitable<void> tick(std::shared_ptr<Session> session, std::shared_ptr<State> state) {
    bool told = true;
    while (told && !state->stopping) {
      state->interval.expires_after(progress_interval);
      (void)co_await state->interval.async_wait(as_awaitable);
      if (state->stopping || !session->machine_.progress()) break;
      told = co_await session->flush();
    }
    state->ended = true;
    state->end.cancel();
  }

  std::shared_ptr<State> state_;
};

// Of a program's mail: no step before the end may be refused, or Postfix takes its own configuration for
// wrong and tries for ever (PROTOCOLS B-32).
bool Session::is_after_queue() const { return door_->options.place == Place::after_queue; }

Rights Session::rights() const {
  return {.add_headers = machine_.may(action::add_headers),
          .change_headers = machine_.may(action::change_headers),
          .change_body = machine_.may(action::change_body),
          .remove_recipients = machine_.may(action::remove_recipients),
          .space = machine_.leading_space()};
}

asio::awaitable<void> Session::on(event::Mail mail) {
  forget_message();
  const inspect::Services& services = door_->services;
  if (!is_after_queue() && !inspect::has_space(services.spool, announced_size(mail.arguments)))
    co_return answer(inspect::no_space());
  began_ = Clock::now();
  envelope_.door = door_->options.name;
  envelope_.place = door_->options.place;
  envelope_.client = client_;
  envelope_.client.tls_version = macro("tls_version");
  envelope_.client.authenticated_user = macro("auth_authen");
  envelope_.reverse_path = without_brackets(mail.path);
  envelope_.reverse_path_parameters = joined(mail.arguments);
  machine_.go_on();
}

asio::awaitable<void> Session::on(event::Rcpt rcpt) {
  if (!rcpt.refused) {
    envelope_.recipients.push_back({std::string(without_brackets(rcpt.path)), joined(rcpt.arguments)});
    paths_.push_back(std::move(rcpt.path));
  }
  machine_.go_on();
  co_return;
}

asio::awaitable<void> Session::on(event::OverLimit over) {
  if (over.limit == rastel::milter::Limit::recipients && !is_after_queue())
    co_return answer(too_many_recipients());
  (over.limit == rastel::milter::Limit::recipients ? recipients_missing_ : header_too_large_) = true;
  machine_.go_on();
}

// Begun by whatever comes first of a message: old mail servers say no DATA. Its queue id is known then.
Incoming& Session::incoming() {
  if (!incoming_) {
    const inspect::Services& services = door_->services;
    incoming_.emplace(services.spool, services.max_message, door_->services.blocking,
                      machine_.leading_space());
    envelope_.queue_id = macro("i");
    incoming_->received(received_field(envelope_, macro("j"), std::chrono::system_clock::now()));
  }
  return *incoming_;
}

asio::awaitable<void> Session::on(event::Data) {
  machine_.go_on();
  co_return;
}

asio::awaitable<void> Session::on(event::Header header) {
  incoming().header(header.name, header.value);
  co_await incoming_->settle();
  machine_.go_on();
}

asio::awaitable<void> Session::on(event::EndOfHeaders) {
  incoming().end_of_headers();
  co_await incoming_->settle();
  machine_.go_on();
}

asio::awaitable<void> Session::on(event::Body body) {
  incoming().body(body.chunk);
  co_await incoming_->settle();
  machine_.go_on();
}

std::optional<rastel::smtp::Reply> Session::refusal(const Result<MessagePointer>& message) {
  if (!message) {
    log::warning("door {}: a message from {} is not taken: {}", door_->options.name, client_.address,
                 message.error().what);
    return inspect::reply_to(message.error());
  }
  if (recipients_missing_) return too_many_recipients();
  if (header_too_large_) return rastel::smtp::Reply{552, "5.3.4 Error: the header is too large"};
  if (incoming_->scanned().received_fields() > door_->options.max_hops) return inspect::too_many_hops();
  return std::nullopt;
}

asio::awaitable<Answer> Session::look_at(const Result<MessagePointer>& message, Deadline reply_by) {
  if (const auto reply = refusal(message)) {
    Answer answer;
    answer.reply = *reply;
    co_return answer;
  }
  // Everything is here and the mail server is told that it is worked at: it can wait.
  const Deadline latest = reply_by.earlier(Deadline::in(door_->options.reply_deadline / 2));
  std::function<bool()> gone = [this] { return stream_.peer_is_gone(); };
  const bool room = co_await inspect::wait_for_room(door_->services.inspector, latest, std::move(gone));
  if (!room) {
    Answer answer;
    answer.reply = inspect::too_busy();
    co_return answer;
  }
  Ended ended;
  ended.subject.id = new_message_id();
  ended.subject.message = *message;
  ended.subject.retry_key = incoming_->scanned().retry_key();
  ended.subject.message_id = incoming_->scanned().message_id();
  ended.subject.subject = incoming_->scanned().subject();
  envelope_.direction = policy::direction_of(envelope_, door_->site, true);
  ended.subject.envelope = envelope_;
  ended.subject.pass_unscanned = door_->options.fail == DoorFailure::pass;
  ended.receive_time = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
  ended.reply_by = reply_by;
  ended.forged = incoming_->forged();
  ended.server_is_there = [this] { return !stream_.peer_is_gone(); };
  co_return co_await answer_to(std::move(ended), door_->options, rights(), door_->services);
}

asio::awaitable<void> Session::on(event::EndOfMessage) {
  const Deadline reply_by = Deadline::in(door_->options.reply_deadline);
  Progress progress(shared_from_this());
  Result<MessagePointer> message = co_await incoming().finish();
  // Postfix before version 4 of the protocol says it here alone.
  if (envelope_.queue_id.empty()) envelope_.queue_id = macro("i");
  if (message && (*message)->size() > Message::memory_limit) {
    stream_.release_buffer();
    machine_.release_buffers();
    if ((*message)->size() > inspect::large_message) os::return_freed_memory();
  }
  const Answer decided = co_await look_at(message, reply_by);
  co_await progress.stop();
  const bool said = co_await say(decided);
  if (!said) {
    log::error(
        "door {}: the mail server {} can't be told what is to be done; its client is told to try again",
        door_->options.name, peer_);
    answer({451, "4.3.0 Error: trouble on our side"});
  }
  forget_message();
}

asio::awaitable<bool> Session::say(const Answer& decided) {
  using rastel::milter::Verdict;
  if (decided.kind == Answer::Kind::say) {
    answer(decided.reply);
    co_return true;
  }
  if (decided.kind == Answer::Kind::drop) co_return machine_.answer(Verdict::discard) == Said::said;
  if (!decided.headers.empty() && machine_.change_headers(decided.headers) != Said::said) co_return false;
  for (const std::size_t recipient : decided.removed_recipients)
    if (machine_.remove_recipient(paths_[recipient]) != Said::said) co_return false;
  if (decided.new_body) {
    const bool said = co_await say_body(*decided.new_body, decided.new_body_at);
    if (!said) co_return false;
  }
  co_return machine_.answer(Verdict::go_on) == Said::said;
}

asio::awaitable<bool> Session::say_body(const Message& message, std::uint64_t from) {
  constexpr std::size_t block = 64 * 1024;
  do {
    const Result<std::string> piece = message.read_at(from, block);
    if (!piece || machine_.replace_body(*piece) != Said::said) co_return false;
    from += piece->size();
    if (piece->empty() && from < message.size()) co_return false;
    if (!machine_.wants_flush()) continue;
    const bool told = co_await flush();
    if (!told) co_return false;
  } while (from < message.size());
  co_return true;
}

}  // namespace rastel::doors::milter
