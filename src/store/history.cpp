// SPDX-License-Identifier: GPL-2.0-only
// DIRECTORY/history.sqlite. append() puts a row into a queue; one thread moves the queue into the database, a
// batch a transaction, at most `batch_delay` after the first of it came. Each batch is fsynced: with
// synchronous=NORMAL a loss of power would cost all since the last checkpoint, not a second's worth.
#include "store/history.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/log.hpp"
#include "store/database.hpp"
#include "store/durable.hpp"

namespace rastel::store {
namespace {

constexpr std::size_t queue_limit = 10'000;  // rows
constexpr std::size_t batch_limit = 1'000;   // rows a transaction
constexpr std::size_t early_batch = 500;     // so many waiting rows don't wait for the delay
constexpr std::chrono::milliseconds batch_delay{500};
constexpr std::chrono::seconds retry_delay{1};
constexpr std::size_t longest_field = 4096;  // bytes; longer is cut
constexpr std::size_t longest_recipients = 64 * 1024;

// What peers say is BLOB; times are milliseconds since 1970. A new step is appended, never an old one
// changed.
constexpr std::array<const char*, 1> migrations{R"sql(
  CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    door BLOB NOT NULL,
    client BLOB NOT NULL,
    authenticated_user BLOB NOT NULL,
    sender BLOB NOT NULL,
    recipients BLOB NOT NULL,
    message_id BLOB NOT NULL,
    queue_id BLOB NOT NULL,
    size INTEGER NOT NULL,
    class BLOB NOT NULL,
    finding BLOB NOT NULL,
    action BLOB NOT NULL,
    reply BLOB NOT NULL,
    next_hop BLOB NOT NULL,
    next_reply BLOB NOT NULL,
    receive_ms INTEGER NOT NULL,
    scan_ms INTEGER NOT NULL,
    next_hop_ms INTEGER NOT NULL,
    observed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX message_at ON message (at);
  CREATE INDEX message_class ON message (class, at);
  CREATE INDEX message_observed ON message (at) WHERE observed = 1;
)sql"};

constexpr std::string_view insert_sql =
    "INSERT INTO message (id, at, door, client, authenticated_user, sender, recipients, message_id, "
    "queue_id, size,"
    " class, finding, action, reply, next_hop, next_reply, receive_ms, scan_ms, next_hop_ms, observed)"
    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";

// ?2 is the class itself, ?3 its beginning with a parenthesis: "unscanned" finds "unscanned(limit)".
constexpr std::string_view query_sql =
    "SELECT id, at, door, client, authenticated_user, sender, recipients, message_id, queue_id, size, class, "
    "finding,"
    " action, reply, next_hop, next_reply, receive_ms, scan_ms, next_hop_ms, observed FROM message WHERE at "
    ">= ?1"
    " AND (?2 IS NULL OR class = ?2 OR substr(class, 1, length(?3)) = ?3)"
    " AND (?4 IS NULL OR contains(id, ?4) OR contains(sender, ?4) OR contains(recipients, ?4)"
    "      OR contains(message_id, ?4) OR contains(queue_id, ?4))"
    " AND (?5 = 0 OR observed = 1) ORDER BY at DESC, number DESC LIMIT ?6";

std::int64_t to_milliseconds(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

void cut(HistoryRow& row) {
  for (std::string* text :
       {&row.id, &row.door, &row.client, &row.authenticated_user, &row.sender, &row.message_id, &row.queue_id,
        &row.message_class, &row.finding, &row.action, &row.reply, &row.next_hop, &row.next_reply})
    if (text->size() > longest_field) text->resize(longest_field);
  if (row.recipients.size() > longest_recipients) row.recipients.resize(longest_recipients);
}

Result<> insert(Statement& statement, const HistoryRow& row) {
  statement.again();
  statement.bytes(1, row.id).number(2, to_milliseconds(row.when)).bytes(3, row.door).bytes(4, row.client);
  statement.bytes(5, row.authenticated_user)
      .bytes(6, row.sender)
      .bytes(7, row.recipients)
      .bytes(8, row.message_id);
  statement.bytes(9, row.queue_id)
      .number(10, static_cast<std::int64_t>(row.size))
      .bytes(11, row.message_class);
  statement.bytes(12, row.finding).bytes(13, row.action).bytes(14, row.reply).bytes(15, row.next_hop);
  statement.bytes(16, row.next_reply)
      .number(17, row.receive_ms)
      .number(18, row.scan_ms)
      .number(19, row.next_hop_ms);
  return statement.number(20, row.observed ? 1 : 0).run();
}

HistoryRow row_at(const Statement& statement) {
  HistoryRow row;
  row.id = statement.bytes_at(0);
  row.when = std::chrono::system_clock::time_point(std::chrono::milliseconds(statement.number_at(1)));
  row.door = statement.bytes_at(2);
  row.client = statement.bytes_at(3);
  row.authenticated_user = statement.bytes_at(4);
  row.sender = statement.bytes_at(5);
  row.recipients = statement.bytes_at(6);
  row.message_id = statement.bytes_at(7);
  row.queue_id = statement.bytes_at(8);
  row.size = static_cast<std::uint64_t>(statement.number_at(9));
  row.message_class = statement.bytes_at(10);
  row.finding = statement.bytes_at(11);
  row.action = statement.bytes_at(12);
  row.reply = statement.bytes_at(13);
  row.next_hop = statement.bytes_at(14);
  row.next_reply = statement.bytes_at(15);
  row.receive_ms = static_cast<std::uint32_t>(statement.number_at(16));
  row.scan_ms = static_cast<std::uint32_t>(statement.number_at(17));
  row.next_hop_ms = static_cast<std::uint32_t>(statement.number_at(18));
  row.observed = statement.number_at(19) != 0;
  return row;
}

class BatchedHistory final : public History {
 public:
  explicit BatchedHistory(std::unique_ptr<Database> database) : database_(std::move(database)) {
    writer_ = std::thread([this] { work(); });
  }
  ~BatchedHistory() override;
  void append(HistoryRow row) override;
  Result<> flush() override;
  Result<std::vector<HistoryRow>> query(const HistoryFilter& filter) override;
  Result<> purge(std::chrono::system_clock::time_point older_than) override;
  std::uint64_t dropped() const override;

 private:
  void work();
  [[nodiscard]] bool wait_for_rows(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Result<> write(const std::deque<HistoryRow>& batch);

  std::mutex database_mutex_;  // never taken while mutex_ is held
  std::unique_ptr<Database> database_;

  mutable std::mutex mutex_;  // for all below; never held over the disk
  std::condition_variable changed_;
  std::deque<HistoryRow> waiting_;
  std::uint64_t appended_ = 0;  // rows so far
  std::uint64_t settled_ = 0;   // of them: written or dropped
  std::uint64_t dropped_ = 0;
  std::uint64_t failures_ = 0;
  std::string failure_;  // the last one
  std::size_t flushing_ = 0;
  bool ending_ = false;

  std::thread writer_;  // last: it uses the members above
};

BatchedHistory::~BatchedHistory() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

void BatchedHistory::append(HistoryRow row) {
  cut(row);
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() == queue_limit) {
      waiting_.pop_front();
      ++dropped_;
      ++settled_;
    }
    waiting_.push_back(std::move(row));
    ++appended_;
    if (waiting_.size() != 1 && waiting_.size() != early_batch) return;
  }
  changed_.notify_all();
}

// False: the end has come and nothing waits.
bool BatchedHistory::wait_for_rows(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
  if (waiting_.empty()) return false;
  changed_.wait_for(lock, batch_delay,
                    [&] { return ending_ || flushing_ > 0 || waiting_.size() >= early_batch; });
  return true;
}

void BatchedHistory::work() {
  std::unique_lock lock(mutex_);
  while (wait_for_rows(lock)) {
    std::deque<HistoryRow> batch;
    while (!waiting_.empty() && batch.size() < batch_limit) {
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    const bool was_ending = ending_;
    lock.unlock();
    const auto written = write(batch);
    lock.lock();
    if (written) {
      settled_ += batch.size();
      changed_.notify_all();
      continue;
    }
    if (failures_ == 0 || failure_ != written.error().what)
      log::error("the history can't be written, it is tried again: {}", written.error().what);
    ++failures_;
    failure_ = written.error().what;
    changed_.notify_all();
    if (was_ending) {
      log::error("{} rows of the history are lost", batch.size() + waiting_.size());
      return;
    }
    // Back to where they came from, as far as there is room; the oldest go.
    while (!batch.empty() && waiting_.size() < queue_limit) {
      waiting_.push_front(std::move(batch.back()));
      batch.pop_back();
    }
    dropped_ += batch.size();
    settled_ += batch.size();
    changed_.wait_for(lock, retry_delay, [&] { return ending_; });
  }
}

Result<> BatchedHistory::write(const std::deque<HistoryRow>& batch) {
  const std::scoped_lock lock(database_mutex_);
  RASTEL_TRY(Transaction transaction, Transaction::begin(*database_));
  {
    RASTEL_TRY(Statement statement, database_->prepare(insert_sql));
    for (const HistoryRow& row : batch) RASTEL_CHECK(insert(statement, row));
  }
  return transaction.commit();
}

Result<> BatchedHistory::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = appended_;
  const std::uint64_t failures = failures_;
  ++flushing_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return settled_ >= target || failures_ != failures; });
  --flushing_;
  if (settled_ < target) return fail(ErrorKind::ours, failure_);
  return {};
}

Result<std::vector<HistoryRow>> BatchedHistory::query(const HistoryFilter& filter) {
  (void)flush();  // what was appended before is seen; on a full disk what is there can still be asked
  const std::scoped_lock lock(database_mutex_);
  RASTEL_TRY(Statement statement, database_->prepare(query_sql));
  statement.number(1, filter.since ? to_milliseconds(*filter.since) : INT64_MIN);
  if (filter.message_class) statement.bytes(2, *filter.message_class).bytes(3, *filter.message_class + "(");
  if (filter.text) statement.bytes(4, *filter.text);
  statement.number(5, filter.only_observed ? 1 : 0);
  statement.number(6, static_cast<std::int64_t>(std::min<std::size_t>(filter.limit, INT64_MAX)));
  std::vector<HistoryRow> rows;
  for (;;) {
    RASTEL_TRY(const bool more, statement.step());
    if (!more) return rows;
    rows.push_back(row_at(statement));
  }
}

Result<> BatchedHistory::purge(std::chrono::system_clock::time_point older_than) {
  const std::scoped_lock lock(database_mutex_);
  RASTEL_TRY(Statement statement, database_->prepare("DELETE FROM message WHERE at < ?1"));
  return statement.number(1, to_milliseconds(older_than)).run();
}

std::uint64_t BatchedHistory::dropped() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

}  // namespace

Result<std::unique_ptr<History>> History::open(const StoreOptions& options, DurableFiles& files) {
  const std::filesystem::path folder = options.directory;
  RASTEL_CHECK(ensure_folder(files, folder));
  RASTEL_TRY(auto database, Database::open(folder / "history.sqlite", files, migrations));
  RASTEL_CHECK(files.sync_folder(folder));
  return std::make_unique<BatchedHistory>(std::move(database));
}

}  // namespace rastel::store
