// SPDX-License-Identifier: GPL-2.0-only
#include "app/control_for_test.hpp"

#include <fstream>
#include <stdexcept>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "net/stream.hpp"

namespace rastel::control {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "rastel-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void FakeHandlers::note(std::string what) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(std::move(what));
}

std::vector<std::string> FakeHandlers::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

store::HeldMessage FakeHandlers::held() const {
  store::HeldMessage message;
  message.id = known_id;
  message.when = from_unix_ms(1'700'000'000'000);
  message.size = raw_bytes.size();
  message.digest = sha256(raw_bytes);
  message.envelope.reverse_path = "sender@example.org" + hostile;
  message.envelope.client.address = "192.0.2.4";
  message.recipients = {{{"a@example.com" + hostile, ""}, store::HeldState::held},
                        {{"b@example.com", ""}, store::HeldState::released}};
  message.message_class = MessageClass::unscanned;
  message.reason = UnscannedReason::limit;
  message.findings = {{FindingKind::unscanned, "MaxFiles"}};
  message.subject = "A subject" + hostile;
  return message;
}

ControlHandlers::Answer<boost::json::object> FakeHandlers::status() {
  note("status");
  boost::json::object status;
  status.emplace("ready", true);
  status.emplace("version", "0.1.0");
  boost::json::object engine;
  engine.emplace("idle", 2);
  status.emplace("workers", std::move(engine));
  co_return status;
}

ControlHandlers::Answer<std::vector<store::HistoryRow>> FakeHandlers::history(store::HistoryFilter filter) {
  note(fmt::format("history text={} since={} class={} would={} limit={}", filter.text.value_or("-"),
                   filter.since ? to_unix_ms(*filter.since) : -1, filter.message_class.value_or("-"),
                   filter.only_observed, filter.limit));
  std::vector<store::HistoryRow> rows(history_rows);
  for (store::HistoryRow& row : rows) {
    row.id = known_id;
    row.when = from_unix_ms(1'700'000'000'000);
    row.sender = "sender@example.org" + hostile;
    row.recipients = "<a@example.com>";
    row.message_class = "infected";
    row.finding = "Eicar";
    row.action = "reject";
    row.size = 1234;
  }
  co_return rows;
}

ControlHandlers::Answer<std::vector<store::HeldMessage>> FakeHandlers::quarantine_list(
    store::ListFilter filter) {
  note(fmt::format("list recipient={} sender={} since={} held={} limit={}", filter.recipient.value_or("-"),
                   filter.sender.value_or("-"), filter.since ? to_unix_ms(*filter.since) : -1,
                   filter.only_held, filter.limit));
  std::vector<store::HeldMessage> all;
  all.push_back(held());
  co_return all;
}

ControlHandlers::Answer<store::HeldMessage> FakeHandlers::quarantine_show(std::string id) {
  note("show " + id);
  if (id != known_id) co_return fail(ErrorKind::not_found, "no message " + id + " is held");
  co_return held();
}

ControlHandlers::Answer<FileDescriptor> FakeHandlers::quarantine_raw(std::string id) {
  note("raw " + id);
  if (id != known_id) co_return fail(ErrorKind::not_found, "no message " + id + " is held");
  const std::filesystem::path path = folder_ / "raw";
  std::ofstream(path, std::ios::binary) << raw_bytes;
  co_return FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

ControlHandlers::Answer<ReleaseOutcome> FakeHandlers::quarantine_release(std::string id,
                                                                         std::vector<std::string> to,
                                                                         std::string by) {
  note(fmt::format("release {} to={}{}", id, fmt::join(to, "+"), by.empty() ? by : " by=" + by));
  if (id != known_id) co_return fail(ErrorKind::not_found, "no message " + id + " is held");
  ReleaseOutcome outcome;
  if (to.empty()) {
    outcome.released.emplace_back("a@example.com");
  } else {
    outcome.refused = to;
  }
  outcome.reply = to.empty() ? "250 2.0.0 Ok" : "550 5.1.1 no such user";
  co_return outcome;
}

ControlHandlers::Answer<> FakeHandlers::quarantine_delete(std::string id, std::string by) {
  note("delete " + id + (by.empty() ? by : " by=" + by));
  if (id != known_id) co_return fail(ErrorKind::not_found, "no message " + id + " is held");
  co_return Result<>{};
}

ControlHandlers::Answer<boost::json::object> FakeHandlers::health() {
  note("health");
  boost::json::object object;
  object["good"] = true;
  co_return object;
}

ControlHandlers::Answer<std::string> FakeHandlers::metrics() {
  note("metrics");
  co_return "# made up\n";
}

ControlHandlers::Answer<std::size_t> FakeHandlers::quarantine_purge() {
  note("purge");
  co_return std::size_t{7};
}

ControlHandlers::Answer<boost::json::object> FakeHandlers::scan(MessagePointer message,
                                                                std::shared_ptr<sandbox::Withdrawal>) {
  note(fmt::format("scan {} {}", message->size(), message->digest().hex().substr(0, 8)));
  boost::json::object row;
  row.emplace("class", "clean");
  co_return row;
}

ControlHandlers::Answer<std::string> FakeHandlers::reload() {
  note("reload");
  if (reload_fails)
    co_return fail(ErrorKind::invalid_input, "rastel.toml:3: unknown key \"polcy\", nearest: policy");
  co_return std::string("configuration and signatures are in use");
}

ControlHandlers::Answer<boost::json::object> FakeHandlers::signatures_status() {
  note("signatures status");
  boost::json::object status;
  status.emplace("version", "27123");
  co_return status;
}

ControlHandlers::Answer<std::string> FakeHandlers::signatures_reload() {
  note("signatures reload");
  if (reload_fails) co_return fail(ErrorKind::invalid_input, "/x/bad.ndb: Malformed database");
  co_return std::string("signatures 27124 are in use");
}

ControlHandlers::Answer<std::string> FakeHandlers::drain() {
  note("drain");
  co_return std::string("no new sessions are taken");
}

TestServer::TestServer(ServerLimits limits) : handlers_(folder_.path()) {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::unix_socket;
  endpoint.path = path();
  auto listener = net::listen_on(endpoint);
  if (!listener) throw std::runtime_error(listener.error().what);
  auto server =
      ControlServer::open(context_.get_executor(), *std::move(listener), handlers_, blocking_, limits);
  if (!server) throw std::runtime_error(server.error().what);
  server_ = *server;
  thread_ = std::thread([this] { context_.run(); });
}

TestServer::~TestServer() {
  context_.stop();
  thread_.join();
  blocking_.join();
}

}  // namespace rastel::control
