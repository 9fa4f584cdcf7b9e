// SPDX-License-Identifier: GPL-2.0-only
// A SQLite database of the store (WAL, synchronous=FULL: a commit is durable when it is answered): one
// connection with its prepared statements, opened with our settings and migrated to the schema that this
// program knows. Not thread-safe: its owner locks. Hostile texts are bound and read as blobs, so that NULs
// and 8-bit bytes stay what they are; nothing from outside ever becomes part of an SQL text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <sqlite3.h>

#include "base/error.hpp"
#include "store/durable.hpp"

namespace rastel::store {

class Database;

// A prepared statement in use; goes back to its database, reset and without bindings, when it is destroyed.
// Parameters and columns are numbered as in SQLite: parameters from 1, columns from 0.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  ~Statement();

  // A bind that fails (memory, SQLite's length limit) is answered by the next step().
  Statement& number(int parameter, std::int64_t value);
  Statement& text(int parameter, std::string_view value);   // our own words
  Statement& bytes(int parameter, std::string_view value);  // anything
  Statement& null(int parameter);

  [[nodiscard]] Result<bool> step();  // true: there is a row
  [[nodiscard]] Result<> run();       // to the end; rows are ignored
  void again();                       // for another round with other values

  [[nodiscard]] std::int64_t number_at(int column) const;
  [[nodiscard]] std::string bytes_at(int column) const;  // texts too
  [[nodiscard]] bool null_at(int column) const;

 private:
  friend class Database;
  Statement(Database& database, std::string_view sql, sqlite3_stmt* prepared);
  Database* database_;
  std::string_view sql_;
  sqlite3_stmt* prepared_;
  int bind_error_ = SQLITE_OK;
};

class Database {
 public:
  // The file is made (0600) if it isn't there; its folder exists. `migrations`: the n-th (from 1) leads from
  // user_version n-1 to n. A file written by a newer version: invalid_input.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, DurableFiles& files,
                                                std::span<const char* const> migrations);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `sql`: a literal (its bytes outlive the database). contains(haystack, needle) is there as a function:
  // substring, ASCII case-insensitive, of blobs.
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  [[nodiscard]] Result<> execute(const char* sql);  // statements without rows
  [[nodiscard]] Result<>
  checkpoint();  // what is in the log is durable and, if no reader is in the way, in the file
  [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(connection_); }
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(connection_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  friend class Statement;
  friend class Transaction;
  Database(std::filesystem::path path, sqlite3* connection);
  [[nodiscard]] Result<> configure();
  [[nodiscard]] Result<> migrate(std::span<const char* const> migrations);
  [[nodiscard]] std::unexpected<Error> failure(int code) const;

  std::filesystem::path path_;
  sqlite3* connection_;
  std::unordered_map<std::string_view, sqlite3_stmt*> idle_;
};

// BEGIN IMMEDIATE … COMMIT; rolled back unless committed. After a failed commit() nobody knows whether the
// rows will be there after a crash; both must be harmless.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  ~Transaction();
  [[nodiscard]] Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace rastel::store
