// SPDX-License-Identifier: GPL-2.0-only
#include "store/database.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/ascii.hpp"

namespace rastel::store {
namespace {

constexpr int busy_timeout_ms = 5000;

std::string_view blob(sqlite3_value* value) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, sqlite3_value_bytes(value));
}

void contains(sqlite3_context* context, int, sqlite3_value** arguments) {
  const std::string_view haystack = blob(arguments[0]);
  const std::string_view needle = blob(arguments[1]);
  const auto same = [](char left, char right) { return to_lower(left) == to_lower(right); };
  const bool found = needle.empty() || std::search(haystack.begin(), haystack.end(), needle.begin(),
                                                   needle.end(), same) != haystack.end();
  sqlite3_result_int(context, found ? 1 : 0);
}

}  // namespace

Statement::Statement(Database& database, std::string_view sql, sqlite3_stmt* prepared)
    : database_(&database), sql_(sql), prepared_(prepared) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      sql_(other.sql_),
      prepared_(std::exchange(other.prepared_, nullptr)),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (prepared_ == nullptr) return;
  sqlite3_reset(prepared_);
  sqlite3_clear_bindings(prepared_);
  if (!database_->idle_.emplace(sql_, prepared_).second) sqlite3_finalize(prepared_);
}

Statement& Statement::number(int parameter, std::int64_t value) {
  bind_error_ = std::max(bind_error_, sqlite3_bind_int64(prepared_, parameter, value));
  return *this;
}

Statement& Statement::text(int parameter, std::string_view value) {
  bind_error_ = std::max(bind_error_, sqlite3_bind_text64(prepared_, parameter, value.data(), value.size(),
                                                          SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bytes(int parameter, std::string_view value) {
  // A null pointer would be NULL, not an empty blob.
  const char* data = value.empty() ? "" : value.data();
  bind_error_ =
      std::max(bind_error_, sqlite3_bind_blob64(prepared_, parameter, data, value.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::null(int parameter) {
  bind_error_ = std::max(bind_error_, sqlite3_bind_null(prepared_, parameter));
  return *this;
}

Result<bool> Statement::step() {
  if (bind_error_ != SQLITE_OK) return database_->failure(bind_error_);
  const int code = sqlite3_step(prepared_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto failed = database_->failure(code);
  sqlite3_reset(prepared_);
  return failed;
}

Result<> Statement::run() {
  for (;;) {
    RASTEL_TRY(const bool row, step());
    if (!row) return {};
  }
}

void Statement::again() {
  sqlite3_reset(prepared_);
  bind_error_ = SQLITE_OK;
}

std::int64_t Statement::number_at(int column) const { return sqlite3_column_int64(prepared_, column); }

std::string Statement::bytes_at(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(prepared_, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column)));
}

bool Statement::null_at(int column) const { return sqlite3_column_type(prepared_, column) == SQLITE_NULL; }

Database::Database(std::filesystem::path path, sqlite3* connection)
    : path_(std::move(path)), connection_(connection) {}

Database::~Database() {
  for (const auto& [sql, prepared] : idle_) sqlite3_finalize(prepared);
  sqlite3_close(connection_);
}

std::unexpected<Error> Database::failure(int code) const {
  const int number = sqlite3_system_errno(connection_);
  const std::string reason = fmt::format("{}: {}", path_.native(), sqlite3_errmsg(connection_));
  const auto kind = [&] {
    // SQLite gives the errno of the last failed call, which may be an old one: only asked where it must be
    // fresh.
    switch (code & 0xff) {
      case SQLITE_FULL:
        return ErrorKind::no_space;
      case SQLITE_IOERR:
        return number == ENOSPC || number == EDQUOT ? ErrorKind::no_space : ErrorKind::ours;
      case SQLITE_BUSY:
        return ErrorKind::busy;
      default:
        return ErrorKind::ours;
    }
  }();
  switch (code & 0xff) {
    case SQLITE_CANTOPEN:
      return fail_path(code == SQLITE_CANTOPEN_ISDIR ? EISDIR
                       : number == 0                 ? EACCES
                                                     : number,
                       "can't open", path_);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return fail_path(EACCES, "can't write", path_);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return fail(kind, fmt::format("{}; move it away and restore it from a backup", reason));
    case SQLITE_BUSY:
      return fail(kind, fmt::format("{}; does a second program use it?", reason));
    case SQLITE_FULL:
      return fail(kind, fmt::format("{}; make room on its filesystem", reason));
    default:
      return fail(kind, reason);
  }
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, DurableFiles& files,
                                                 std::span<const char* const> migrations) {
  // Made by us: SQLite would make it readable for all; its log takes over the mode.
  if (struct stat status{}; lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return fail_path(errno, "can't open", path);
    RASTEL_CHECK(files.create(path));
  }
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, files.sqlite_vfs());
  if (connection == nullptr) return fail(ErrorKind::ours, "no memory for SQLite");
  std::unique_ptr<Database> database(new Database(path, connection));
  if (code != SQLITE_OK) return database->failure(code);
  RASTEL_CHECK(database->configure());
  RASTEL_CHECK(database->migrate(migrations));
  return database;
}

Result<> Database::configure() {
  sqlite3_busy_timeout(connection_, busy_timeout_ms);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  const int kind = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  if (const int code =
          sqlite3_create_function(connection_, "contains", 2, kind, nullptr, contains, nullptr, nullptr);
      code != SQLITE_OK)
    return failure(code);
  {
    RASTEL_TRY(Statement mode, prepare("PRAGMA journal_mode = WAL"));
    RASTEL_TRY(const bool row, mode.step());
    // Some network filesystems have no shared memory; without WAL our promises have not been tested.
    if (!row || mode.bytes_at(0) != "wal")
      return fail(ErrorKind::invalid_input,
                  fmt::format("{}: its filesystem can't do SQLite's WAL mode; choose a "
                              "local filesystem for [store] directory",
                              path_.native()));
  }
  RASTEL_CHECK(execute("PRAGMA synchronous = FULL"));
  return execute("PRAGMA foreign_keys = ON");
}

Result<> Database::migrate(std::span<const char* const> migrations) {
  // Inside of the transaction, so that of two programs that start at once only one migrates.
  RASTEL_TRY(Transaction transaction, Transaction::begin(*this));
  std::int64_t version = 0;
  {
    RASTEL_TRY(Statement ask, prepare("PRAGMA user_version"));
    RASTEL_CHECK(ask.step());
    version = ask.number_at(0);
  }
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (version > known || version < 0)
    return fail(
        ErrorKind::invalid_input,
        fmt::format(
            "{}: written by a newer Rastel (schema {}, this one knows {}); install that version again "
            "or move the file away",
            path_.native(), version, known));
  if (version == known) return {};
  for (std::int64_t step = version; step < known; ++step)
    RASTEL_CHECK(execute(migrations[static_cast<std::size_t>(step)]));
  RASTEL_CHECK(execute(fmt::format("PRAGMA user_version = {}", known).c_str()));
  return transaction.commit();
}

Result<Statement> Database::prepare(std::string_view sql) {
  if (const auto found = idle_.find(sql); found != idle_.end()) {
    sqlite3_stmt* prepared = found->second;
    idle_.erase(found);
    return Statement(*this, sql, prepared);
  }
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return Statement(*this, sql, prepared);
}

Result<> Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

Result<> Database::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

Result<Transaction> Transaction::begin(Database& database) {
  RASTEL_TRY(Statement statement, database.prepare("BEGIN IMMEDIATE"));
  RASTEL_CHECK(statement.run());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  // After some failures SQLite has rolled back by itself.
  if (sqlite3_get_autocommit(database_->connection_) == 0) (void)database_->execute("ROLLBACK");
}

Result<> Transaction::commit() {
  {
    RASTEL_TRY(Statement statement, database_->prepare("COMMIT"));
    RASTEL_CHECK(statement.run());
  }
  database_ = nullptr;
  return {};
}

}  // namespace rastel::store
