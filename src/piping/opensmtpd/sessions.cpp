// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/sessions.hpp"

#include <new>
#include <utility>

#include "piping/ask.hpp"

namespace rastel::piping::opensmtpd {
namespace {

constexpr std::size_t in_memory = 16UL * 1024;  // bytes of each message; the rest of it is on disk

constexpr std::string_view no_memory = "451 4.3.0";  // short enough to need none
constexpr std::string_view no_room = "451 4.3.1 Too much is under way, try again later";
constexpr std::string_view too_many_recipients = "452 4.5.3 Too many recipients";
constexpr std::string_view too_large = "552 5.3.4 The message is too large";

std::string text(std::string_view value) { return std::string(value.substr(0, pipe::longest_text)); }

void append_end(const Event& event, std::string& out) {
  out += "filter-dataline|";
  out += event.session;
  out += '|';
  out += event.token;
  out += "|.\n";
}

}  // namespace

struct Sessions::Session {
  enum class Stage : std::uint8_t {
    outside,    // no line of a message has come
    receiving,  // `incoming` takes them, or there is a refusal already
    asked,      // the end has come
    handing,    // it goes back, as there is a verdict
    ended       // all of it has gone back
  };
  std::string client_address = {}, client_name = {}, helo = {}, user = {};
  std::string queue_id = {}, sender = {};
  std::vector<std::string> recipients = {};
  Stage stage = Stage::outside;
  std::string refusal = {};  // said at the end; once there is one nothing of the message is kept
  std::optional<SpoolWriter> incoming = {};
  std::uint64_t number = 0;
  std::uint64_t size = 0, counted = 0;  // bytes: of the message, and of all that is in held_
  std::string token = {};               // with which its end came
  std::optional<Outgoing> outgoing = {};
  FileDescriptor connection = {};
};

Sessions::Sessions(const Limits& limits, Ask ask) : limits_(limits), ask_(std::move(ask)) {}
Sessions::~Sessions() = default;

Sessions::Session* Sessions::find(std::string_view id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

Sessions::Session* Sessions::find_or_make(std::string_view id) {
  if (Session* session = find(id); session != nullptr) return session;
  if (sessions_.size() >= limits_.sessions) return nullptr;
  return sessions_.emplace(id, std::make_unique<Session>()).first->second.get();
}

void Sessions::count(Session& session, std::uint64_t bytes) {
  session.counted += bytes;
  held_ += bytes;
}

void Sessions::forget(Session& session) {
  held_ -= session.counted;
  session.counted = session.size = session.number = 0;
  session.stage = Session::Stage::outside;
  session.sender.clear();
  session.recipients.clear();
  session.queue_id.clear();
  session.refusal.clear();
  session.incoming.reset();
  session.outgoing.reset();
  session.connection.close();
}

void Sessions::refuse(Session& session, std::string_view reply) {
  session.incoming.reset();
  session.refusal = reply;
}

void Sessions::hear(const Lines::Line& line, std::string& out) {
  const Event event = parse_event(line.text);
  try {
    handle(event, line.cut, out);
  } catch (const std::bad_alloc&) {
    // The line is lost, so the message is.
    if (Session* session = find(event.session); session != nullptr) {
      forget(*session);
      session->stage = Session::Stage::receiving;
      session->refusal = no_memory;
    }
    if (event.kind == EventKind::data_line && event.value == ".") append_end(event, out);
  }
}

void Sessions::handle(const Event& event, bool cut, std::string& out) {
  if (event.kind == EventKind::data_line) return take_line(find_or_make(event.session), event, cut, out);
  if (event.kind == EventKind::commit) return answer_commit(find(event.session), event, out);
  if (event.kind == EventKind::ready || event.kind == EventKind::other) return;
  if (event.kind == EventKind::disconnected) {
    const auto found = sessions_.find(event.session);
    if (found == sessions_.end()) return;
    forget(*found->second);
    sessions_.erase(found);
    return;
  }
  Session* session = find_or_make(event.session);
  if (session == nullptr) return;
  switch (event.kind) {
    case EventKind::connected:
      session->client_address = text(event.value);
      session->client_name = text(event.more);
      break;
    case EventKind::identified:
      session->helo = text(event.value);
      break;
    case EventKind::logged_in:
      session->user = text(event.value);
      break;
    case EventKind::begun:
      forget(*session);
      session->queue_id = text(event.value);
      break;
    case EventKind::sender:
      session->sender = text(event.value);
      break;
    case EventKind::recipient:
      add_recipient(*session, event.value);
      break;
    case EventKind::committed:
      committed(*session);
      break;
    case EventKind::reset:
      forget(*session);
      break;
    case EventKind::ready:
    case EventKind::disconnected:
    case EventKind::data_line:
    case EventKind::commit:
    case EventKind::other:
      break;
  }
}

void Sessions::add_recipient(Session& session, std::string_view address) {
  if (session.recipients.size() >= limits_.recipients) return refuse(session, too_many_recipients);
  if (held_ + address.size() > limits_.all) return refuse(session, no_room);
  count(session, address.size());
  session.recipients.push_back(text(address));
}

void Sessions::take_line(Session* session, const Event& event, bool cut, std::string& out) {
  using Stage = Session::Stage;
  std::string_view line = event.value;
  const bool ends = line == "." && !cut;
  if (session == nullptr || session->stage >= Stage::asked) {
    // Of a session that there is no room for; or smtpd says the end twice.
    if (ends && session == nullptr) append_end(event, out);
    return;
  }
  if (session->stage == Stage::outside) {
    session->stage = Stage::receiving;
    if (session->refusal.empty()) session->incoming.emplace(in_memory);
  }
  if (ends) return end_of_message(*session, event, out);
  if (!session->incoming) return;
  if (cut) return refuse(*session, too_large);
  if (line.starts_with('.')) line.remove_prefix(1);
  constexpr std::string_view line_end = "\r\n";
  const std::uint64_t bytes = line.size() + line_end.size();
  if (session->size + bytes > limits_.message) return refuse(*session, too_large);
  if (held_ + bytes > limits_.all) return refuse(*session, no_room);
  count(*session, bytes);
  session->size += bytes;
  auto written = session->incoming->write(line);
  if (written) written = session->incoming->write(line_end);
  if (!written) refuse(*session, no_room);
}

void Sessions::end_of_message(Session& session, const Event& event, std::string& out) {
  if (session.incoming) {
    auto spooled = session.incoming->finish();
    session.incoming.reset();
    if (!spooled) {
      session.refusal = no_room;
    } else {
      pipe::Request request;
      request.kind = pipe::RequestKind::queue;
      request.sender = session.sender;
      request.recipients = session.recipients;
      request.client_address = session.client_address;
      request.client_name = session.client_name;
      request.client_helo = session.helo;
      request.user = session.user;
      request.queue_id = session.queue_id;
      request.next = "smtpd";
      session.token = event.token;
      session.number = ++last_number_;
      session.stage = Session::Stage::asked;
      return ask_({std::string(event.session), session.number, std::move(request), *std::move(spooled)});
    }
  }
  // Nothing of it goes back, and its commit will be refused.
  session.stage = Session::Stage::ended;
  append_end(event, out);
}

void Sessions::decided(Decision decision, std::string& out) {
  Session* session = find(decision.session);
  if (session == nullptr || session->number != decision.number || session->stage != Session::Stage::asked)
    return;
  session->stage = Session::Stage::handing;
  session->refusal = std::move(decision.refusal);
  session->connection = std::move(decision.connection);
  // Of what isn't taken smtpd gets the end alone.
  if (!session->refusal.empty()) decision.version = {};
  try {
    session->outgoing.emplace(std::move(decision.version), decision.session, session->token);
    handing_.push_back(decision.session);
  } catch (const std::bad_alloc&) {
    session->outgoing.reset();
    session->refusal = no_memory;
    session->stage = Session::Stage::ended;
    append_end({.session = decision.session, .token = session->token}, out);
  }
}

void Sessions::hand_on(std::string& out) {
  if (handing_.empty()) return;
  const auto turn = handing_.begin();
  Session* session = find(*turn);
  if (session == nullptr || session->stage != Session::Stage::handing) {
    handing_.erase(turn);
    return;
  }
  Outgoing::Progress progress;
  try {
    progress = session->outgoing->fill(out);
  } catch (const std::bad_alloc&) {
    progress = Outgoing::Progress::broken;
    append_end({.session = *turn, .token = session->token}, out);
  }
  if (progress == Outgoing::Progress::more) {
    handing_.splice(handing_.end(), handing_, turn);
    return;
  }
  handing_.erase(turn);
  if (progress == Outgoing::Progress::broken) session->refusal = no_memory;
  session->outgoing.reset();
  session->stage = Session::Stage::ended;
}

void Sessions::answer_commit(Session* session, const Event& event, std::string& out) {
  out += "filter-result|";
  out += event.session;
  out += '|';
  out += event.token;
  // Whatever there is no verdict of isn't taken.
  if (session == nullptr || session->stage != Session::Stage::ended) {
    out += "|reject|";
    out += cant_be_scanned;
  } else if (!session->refusal.empty()) {
    out += "|reject|";
    out += session->refusal;
  } else {
    out += "|proceed";
  }
  out += '\n';
}

void Sessions::committed(Session& session) {
  if (session.connection) report(session.connection, {pipe::Result::How::exited, 0});
  forget(session);
}

}  // namespace rastel::piping::opensmtpd
