// SPDX-License-Identifier: GPL-2.0-only
#include "store/entry_rows.hpp"

#include <algorithm>
#include <array>

#include "base/identifier.hpp"
#include "store/report_json.hpp"

namespace rastel::store {
namespace {

// Texts of ours are TEXT, everything a peer said is BLOB. Times are milliseconds since 1970. A new step is
// appended, never an old one changed.
constexpr std::array<const char*, 1> migrations{R"sql(
  CREATE TABLE entry (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind INTEGER NOT NULL,                  -- EntryKind
    at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,                   -- SHA-256 of the bytes
    stored INTEGER NOT NULL,                -- 1: the bytes lie in ab/ID.eml
    reverse_path BLOB NOT NULL,
    reverse_path_parameters BLOB NOT NULL,
    client_address BLOB NOT NULL,
    client_name BLOB NOT NULL,
    client_helo BLOB NOT NULL,
    authenticated_user BLOB NOT NULL,
    door BLOB NOT NULL,
    place INTEGER NOT NULL,                 -- Place
    direction INTEGER NOT NULL,             -- Direction
    queue_id BLOB NOT NULL,
    class TEXT NOT NULL,
    reason TEXT,
    report TEXT NOT NULL,                   -- JSON
    message_id BLOB NOT NULL,
    subject BLOB NOT NULL,
    UNIQUE (id, kind)
  ) STRICT;
  CREATE INDEX entry_same ON entry (digest, reverse_path) WHERE kind = 0;
  CREATE INDEX entry_at ON entry (at);
  CREATE TABLE recipient (
    number INTEGER PRIMARY KEY,             -- in the envelope's order
    entry INTEGER NOT NULL REFERENCES entry (number) ON DELETE CASCADE,
    address BLOB NOT NULL,
    parameters BLOB NOT NULL,
    state INTEGER NOT NULL,                 -- HeldState
    changed INTEGER NOT NULL,
    UNIQUE (entry, address)
  ) STRICT;
  CREATE INDEX recipient_live ON recipient (entry) WHERE state IN (0, 1);
  CREATE INDEX recipient_releasing ON recipient (entry) WHERE state = 1;
  CREATE TABLE pass (                       -- one use each: this recipient may have this message unscanned
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    recipient BLOB NOT NULL,                -- the address in ASCII lower case: relays fold the domain's
    expires INTEGER NOT NULL,
    entry INTEGER REFERENCES entry (number) ON DELETE SET NULL
  ) STRICT;
  CREATE INDEX pass_digest ON pass (digest, recipient);
  CREATE INDEX pass_entry ON pass (entry);
  CREATE TABLE purge (count INTEGER NOT NULL) STRICT;
  INSERT INTO purge VALUES (0);
)sql"};

constexpr std::string_view insert_sql =
    "INSERT INTO entry (id, kind, at, size, digest, stored, reverse_path, reverse_path_parameters, "
    "client_address,"
    " client_name, client_helo, authenticated_user, door, place, direction, queue_id, class, reason, report, "
    "message_id,"
    " subject) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)";

constexpr std::string_view read_sql =
    "SELECT id, at, size, digest, reverse_path, reverse_path_parameters, client_address, client_name, "
    "client_helo,"
    " authenticated_user, door, place, direction, queue_id, class, reason, report, message_id, subject"
    " FROM entry WHERE number = ?1";

std::string_view cut(std::string_view text) { return text.substr(0, longest_remark); }

std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

Result<> check_text(std::string_view text, std::string_view what) {
  if (text.size() > longest_address)
    return fail(ErrorKind::hostile_message, std::string(what) + " is too long to be held");
  if (text.find_first_of("\r\n") != std::string_view::npos)
    return fail(ErrorKind::hostile_message, std::string(what) + " holds a line break");
  return {};
}

EntryKey key_at(const Statement& row) {
  return {row.number_at(0), row.bytes_at(1), static_cast<std::uint64_t>(row.number_at(2)),
          row.number_at(3) != 0};
}

HeldState state_at(std::int64_t number) {
  return number >= 0 && number <= static_cast<std::int64_t>(HeldState::discarded)
             ? static_cast<HeldState>(number)
             : HeldState::deleted;
}

Result<> read_recipients(Database& database, std::int64_t number, HeldMessage& held) {
  RASTEL_TRY(Statement row,
             database.prepare("SELECT address, parameters, state FROM recipient WHERE entry = ?1"
                              " ORDER BY number"));
  row.number(1, number);
  for (;;) {
    RASTEL_TRY(const bool more, row.step());
    if (!more) return {};
    held.recipients.push_back({{row.bytes_at(0), row.bytes_at(1)}, state_at(row.number_at(2))});
    held.envelope.recipients.push_back(held.recipients.back().recipient);
  }
}

}  // namespace

std::span<const char* const> quarantine_migrations() { return migrations; }

std::int64_t to_milliseconds(Clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

Result<> check_request(const HoldRequest& request) {
  if (!is_message_id(request.id)) return fail(ErrorKind::ours, "a message to be held has no proper id");
  if (request.recipients.empty()) return fail(ErrorKind::ours, "a message to be held has no recipient");
  RASTEL_CHECK(check_text(request.envelope.reverse_path, "the reverse-path"));
  RASTEL_CHECK(check_text(request.envelope.reverse_path_parameters, "the reverse-path's parameters"));
  for (const std::size_t index : request.recipients) {
    if (index >= request.envelope.recipients.size())
      return fail(ErrorKind::ours, "a message to be held names a recipient that isn't there");
    const Recipient& recipient = request.envelope.recipients[index];
    RASTEL_CHECK(check_text(recipient.address, "a recipient's address"));
    RASTEL_CHECK(check_text(recipient.parameters, "a recipient's parameters"));
  }
  return {};
}

std::vector<Recipient> wanted_recipients(const HoldRequest& request) {
  std::vector<Recipient> wanted;
  for (const std::size_t index : request.recipients) wanted.push_back(request.envelope.recipients[index]);
  return wanted;
}

Result<std::int64_t> insert_entry(Database& database, EntryKind kind, const Message& message,
                                  const HoldRequest& request, Clock::time_point now) {
  const Envelope& envelope = request.envelope;
  RASTEL_TRY(Statement row, database.prepare(insert_sql));
  row.text(1, request.id).number(2, static_cast<std::int64_t>(kind)).number(3, to_milliseconds(now));
  row.number(4, static_cast<std::int64_t>(message.size())).bytes(5, bytes_of(message.digest()));
  row.number(6, kind == EntryKind::held ? 1 : 0);
  row.bytes(7, envelope.reverse_path).bytes(8, envelope.reverse_path_parameters);
  row.bytes(9, cut(envelope.client.address))
      .bytes(10, cut(envelope.client.name))
      .bytes(11, cut(envelope.client.helo));
  row.bytes(12, cut(envelope.client.authenticated_user)).bytes(13, cut(envelope.door));
  row.number(14, static_cast<std::int64_t>(envelope.place))
      .number(15, static_cast<std::int64_t>(envelope.direction));
  row.bytes(16, cut(envelope.queue_id)).text(17, to_string(request.message_class));
  if (request.reason) row.text(18, to_string(*request.reason));
  row.text(19, report_as_json(request.report))
      .bytes(20, cut(request.message_id))
      .bytes(21, cut(request.subject));
  RASTEL_CHECK(row.run());
  return database.last_row();
}

Result<> insert_recipient(Database& database, std::int64_t entry, const Recipient& recipient,
                          std::int64_t state, Clock::time_point now) {
  RASTEL_TRY(Statement row,
             database.prepare("INSERT INTO recipient (entry, address, parameters, state, changed)"
                              " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (entry, address) DO UPDATE"
                              " SET parameters = ?3, state = ?4, changed = ?5 WHERE state IN (2, 3)"));
  row.number(1, entry).bytes(2, recipient.address).bytes(3, recipient.parameters).number(4, state);
  return row.number(5, to_milliseconds(now)).run();
}

Result<std::optional<EntryKey>> find_entry(Database& database, EntryKind kind, std::string_view id) {
  RASTEL_TRY(Statement row,
             database.prepare("SELECT number, id, size, stored FROM entry WHERE id = ?1 AND kind = ?2"));
  row.text(1, id).number(2, static_cast<std::int64_t>(kind));
  RASTEL_TRY(const bool found, row.step());
  if (!found) return std::nullopt;
  return key_at(row);
}

Result<std::optional<EntryKey>> find_same(Database& database, const Digest& digest,
                                          std::string_view reverse_path,
                                          const std::vector<Recipient>& recipients) {
  RASTEL_TRY(Statement row,
             database.prepare("SELECT e.number, e.id, e.size, e.stored FROM entry e JOIN recipient r"
                              " ON r.entry = e.number AND r.address = ?3 AND r.state IN (0, 1)"
                              " WHERE e.kind = 0 AND e.stored = 1 AND e.digest = ?1 AND e.reverse_path = ?2"
                              " ORDER BY e.number LIMIT 1"));
  for (const Recipient& recipient : recipients) {
    row.again();
    row.bytes(1, bytes_of(digest)).bytes(2, reverse_path).bytes(3, recipient.address);
    RASTEL_TRY(const bool found, row.step());
    if (found) return key_at(row);
  }
  return std::nullopt;
}

Result<HeldMessage> read_entry(Database& database, std::int64_t number) {
  RASTEL_TRY(Statement row, database.prepare(read_sql));
  row.number(1, number);
  RASTEL_TRY(const bool found, row.step());
  if (!found) return fail(ErrorKind::not_found, "no such message is in the quarantine");
  HeldMessage held;
  held.id = row.bytes_at(0);
  held.when = Clock::time_point(std::chrono::milliseconds(row.number_at(1)));
  held.size = static_cast<std::uint64_t>(row.number_at(2));
  const std::string digest = row.bytes_at(3);
  if (digest.size() != held.digest.bytes.size())
    return fail(ErrorKind::ours, "a row of the quarantine is damaged");
  std::ranges::copy(digest, held.digest.bytes.begin());
  held.envelope.reverse_path = row.bytes_at(4);
  held.envelope.reverse_path_parameters = row.bytes_at(5);
  held.envelope.client = {row.bytes_at(6), row.bytes_at(7), row.bytes_at(8), row.bytes_at(9)};
  held.envelope.door = row.bytes_at(10);
  held.envelope.place = static_cast<Place>(row.number_at(11));
  held.envelope.direction = static_cast<Direction>(row.number_at(12));
  held.envelope.queue_id = row.bytes_at(13);
  held.message_class = class_from_word(row.bytes_at(14));
  if (!row.null_at(15)) held.reason = reason_from_word(row.bytes_at(15));
  RASTEL_TRY(Report report, report_from_json(row.bytes_at(16)));
  held.findings = std::move(report.findings);
  held.message_id = row.bytes_at(17);
  held.subject = row.bytes_at(18);
  RASTEL_CHECK(read_recipients(database, number, held));
  return held;
}

Result<std::vector<std::int64_t>> list_entries(Database& database, const ListFilter& filter) {
  RASTEL_TRY(Statement row,
             database.prepare("SELECT number FROM entry e WHERE (?4 = 0 OR kind = 0) AND at >= ?1"
                              " AND (?2 IS NULL OR contains(reverse_path, ?2))"
                              " AND (?3 IS NULL OR EXISTS (SELECT 1 FROM recipient r WHERE r.entry = e.number"
                              "      AND contains(r.address, ?3)))"
                              " AND (?4 = 0 OR EXISTS (SELECT 1 FROM recipient r WHERE r.entry = e.number"
                              "      AND r.state IN (0, 1)))"
                              " ORDER BY at DESC, number DESC LIMIT ?5"));
  row.number(1, filter.since ? to_milliseconds(*filter.since) : INT64_MIN);
  if (filter.sender) row.bytes(2, *filter.sender);
  if (filter.recipient) row.bytes(3, *filter.recipient);
  row.number(4, filter.only_held ? 1 : 0);
  row.number(5, static_cast<std::int64_t>(std::min<std::size_t>(filter.limit, INT64_MAX)));
  std::vector<std::int64_t> numbers;
  for (;;) {
    RASTEL_TRY(const bool more, row.step());
    if (!more) return numbers;
    numbers.push_back(row.number_at(0));
  }
}

Result<> set_state(Database& database, std::int64_t entry, std::string_view address, HeldState from,
                   HeldState to, Clock::time_point now) {
  RASTEL_TRY(Statement row, database.prepare("UPDATE recipient SET state = ?4, changed = ?5"
                                             " WHERE entry = ?1 AND address = ?2 AND state = ?3"));
  row.number(1, entry).bytes(2, address).number(3, static_cast<std::int64_t>(from));
  return row.number(4, static_cast<std::int64_t>(to)).number(5, to_milliseconds(now)).run();
}

}  // namespace rastel::store
