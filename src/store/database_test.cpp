// SPDX-License-Identifier: GPL-2.0-only
#include "store/database.hpp"

#include <array>
#include <fstream>

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/report_json.hpp"
#include "store/store_for_test.hpp"

namespace rastel::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::array<const char*, 1> first{"CREATE TABLE t (x BLOB)"};
constexpr std::array<const char*, 2> second{first[0],
                                            "ALTER TABLE t ADD COLUMN y INTEGER; UPDATE t SET y = 7"};

auto open_one(const fs::path& path, std::span<const char* const> migrations) {
  return Database::open(path, real_files(), migrations);
}

std::int64_t ask(Database& database, std::string_view sql) {
  auto row = database.prepare(sql).value();
  EXPECT_TRUE(row.step().value());
  return row.number_at(0);
}

TEST(Database, KeepsEveryByteAndIsPrivate) {
  const FolderForTest folder;
  const auto database = open_one(folder.path() / "d", first).value();
  for (const std::string& value : {std::string(), std::string("a\0b", 3), std::string("'; DROP TABLE t; --"),
                                   std::string("\xff\xfe\x80"), std::string(1 << 20, 'x')}) {
    EXPECT_TRUE(database->prepare("DELETE FROM t").value().run());
    EXPECT_TRUE(database->prepare("INSERT INTO t VALUES (?1)").value().bytes(1, value).run());
    auto row = database->prepare("SELECT x FROM t").value();
    ASSERT_TRUE(row.step().value());
    EXPECT_FALSE(row.null_at(0));
    EXPECT_EQ(row.bytes_at(0), value);
  }
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    struct stat status{};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
  }
  EXPECT_EQ(ask(*database, "PRAGMA synchronous"), 2);
  EXPECT_EQ(ask(*database, "PRAGMA foreign_keys"), 1);
  EXPECT_EQ(ask(*database, "PRAGMA busy_timeout"), 5000);
}

TEST(Database, ContainsIsBytewiseAndFoldsAscii) {
  struct Row {
    std::string haystack, needle;
    std::int64_t found;
  };
  const FolderForTest folder;
  const auto database = open_one(folder.path() / "d", first).value();
  for (const Row& row :
       {Row{"User@Example.COM", "user@ex", 1}, Row{"user", "USER", 1}, Row{"user", "", 1}, Row{"", "", 1},
        Row{"", "a", 0}, Row{"ab", "abc", 0}, Row{std::string("a\0b", 3), "B", 1}, Row{"100%", "%", 1},
        Row{"100", "%", 0}, Row{"\xc3\x84", "\xc3\xa4", 0}}) {
    auto statement = database->prepare("SELECT contains(?1, ?2)").value();
    statement.bytes(1, row.haystack).bytes(2, row.needle);
    ASSERT_TRUE(statement.step().value());
    EXPECT_EQ(statement.number_at(0), row.found) << row.haystack << " / " << row.needle;
  }
}

TEST(Database, MigratesAndRefusesANewerSchema) {
  const FolderForTest folder;
  const fs::path path = folder.path() / "d";
  {
    const auto database = open_one(path, first).value();
    EXPECT_TRUE(database->execute("INSERT INTO t VALUES (x'01')"));
    EXPECT_EQ(ask(*database, "PRAGMA user_version"), 1);
  }
  {
    const auto database = open_one(path, second).value();
    EXPECT_EQ(ask(*database, "PRAGMA user_version"), 2);
    EXPECT_EQ(ask(*database, "SELECT y FROM t"), 7);
  }
  const auto older_program = open_one(path, first);
  ASSERT_FALSE(older_program);
  EXPECT_EQ(older_program.error().kind, ErrorKind::invalid_input);
  EXPECT_THAT(older_program.error().what,
              AllOf(HasSubstr(path.native()), HasSubstr("newer"), HasSubstr("schema 2, this one knows 1")));
  EXPECT_TRUE(open_one(path, second)) << "and it is unharmed";
}

TEST(Database, AMigrationThatFailsLeavesTheOldSchema) {
  constexpr std::array<const char*, 2> broken{first[0],
                                              "ALTER TABLE t ADD COLUMN y INTEGER; SELECT nonsense"};
  const FolderForTest folder;
  {
    const auto database = open_one(folder.path() / "d", first).value();
  }
  EXPECT_FALSE(open_one(folder.path() / "d", broken));
  const auto database = open_one(folder.path() / "d", first).value();
  EXPECT_EQ(ask(*database, "SELECT count(*) FROM pragma_table_info('t')"), 1);
}

TEST(Database, RollsBackUnlessCommitted) {
  const FolderForTest folder;
  const auto database = open_one(folder.path() / "d", first).value();
  {
    const auto transaction = Transaction::begin(*database).value();
    EXPECT_TRUE(database->execute("INSERT INTO t VALUES (x'01')"));
    EXPECT_EQ(ask(*database, "SELECT count(*) FROM t"), 1);
  }
  EXPECT_EQ(ask(*database, "SELECT count(*) FROM t"), 0);
  auto transaction = Transaction::begin(*database).value();
  EXPECT_TRUE(database->execute("INSERT INTO t VALUES (x'01')"));
  EXPECT_TRUE(transaction.commit());
  EXPECT_EQ(ask(*database, "SELECT count(*) FROM t"), 1);
}

TEST(Database, TheSameStatementTwiceAtATime) {
  const FolderForTest folder;
  const auto database = open_one(folder.path() / "d", first).value();
  auto one = database->prepare("SELECT ?1").value();
  auto other = database->prepare("SELECT ?1").value();
  ASSERT_TRUE(one.number(1, 1).step().value());
  ASSERT_TRUE(other.number(1, 2).step().value());
  EXPECT_EQ(one.number_at(0), 1);
  EXPECT_EQ(other.number_at(0), 2);
}

TEST(Database, SaysClearlyWhatIsInTheWay) {
  const FolderForTest folder;
  std::ofstream(folder.path() / "text") << std::string(5000, 'x');
  fs::create_directory(folder.path() / "folder");
  for (const char* name : {"text", "folder", "none/below"}) {
    const fs::path path = folder.path() / name;
    const auto refused = open_one(path, first);
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error().what, HasSubstr(path.native()));
    EXPECT_EQ(refused.error().what.find('\n'), std::string::npos);
  }
  EXPECT_THAT(open_one(folder.path() / "text", first).error().what, HasSubstr("move it away"));
  EXPECT_THAT(open_one(folder.path() / "folder", first).error().what, HasSubstr("move it away"));
}

TEST(ReportJson, RoundTrip) {
  Report report;
  for (int kind = 0; kind <= static_cast<int>(FindingKind::unscanned); ++kind)
    report.findings.push_back({static_cast<FindingKind>(kind), "Name." + std::to_string(kind)});
  report.findings.push_back({FindingKind::signature, std::string("\"\\\0\xff\n", 5)});
  for (std::size_t reason = 0; reason < unscanned_reasons; ++reason) report.unscanned.set(reason);
  report.engine_version = "ClamAV 1.4.6";
  report.signature_version = "27123";
  report.layers = UINT64_MAX;
  const auto read = report_from_json(report_as_json(report));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->findings, report.findings);
  EXPECT_EQ(read->unscanned, report.unscanned);
  EXPECT_EQ(read->engine_version, report.engine_version);
  EXPECT_EQ(read->signature_version, report.signature_version);
  EXPECT_EQ(read->layers, report.layers);
}

TEST(ReportJson, PartsAndFlagsComeBackAsTheyWere) {
  Report report;
  for (int looked = 0; looked <= static_cast<int>(Part::Looked::not_needed); ++looked) {
    Part part{.path = "1.2", .reading = "prefix base64", .type = "text/plain"};
    part.true_types = {"application/zip", "application/vnd.ms-excel"};
    part.names = {"p.exe", std::string("\0\xff", 2)};
    part.members = {"a.exe"};
    part.findings = {"Eicar-Test-Signature"};
    part.size = UINT64_MAX;
    part.sha256 = sha256("x");
    part.entity = {120, SIZE_MAX};
    part.body = {200, 200};
    part.looked = static_cast<Part::Looked>(looked);
    report.parts.push_back(part);
  }
  report.parts.emplace_back();
  for (const AmbiguityRow& row : ambiguities())
    report.flags.push_back({row.flag, {static_cast<std::size_t>(row.flag), 100}, 3});
  const auto read = report_from_json(report_as_json(report));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->parts, report.parts);
  EXPECT_EQ(read->flags, report.flags);
}

TEST(ReportJson, OddPartsAndFlagsArePassedOver) {
  const auto odd = report_from_json(
      R"({"parts":[7,{"path":1,"names":"x","members":[1,"m"],"size":-1,"sha256":"zz","looked":"new",)"
      R"("entity":[2,1],"body":[1],"future":[]}],"flags":[{"code":"NEW"},[],)"
      R"({"code":"BARE_CR","at":[1,"x"],"times":"many"}]})");
  ASSERT_TRUE(odd) << odd.error().what;
  ASSERT_EQ(odd->parts.size(), 1U);
  Part expected;
  expected.members = {"m"};
  expected.looked = Part::Looked::not_needed;
  EXPECT_EQ(odd->parts.front(), expected);
  EXPECT_EQ(odd->flags, (std::vector<Oddity>{{Ambiguity::bare_cr, {}, 0}}));
}

TEST(ReportJson, TheMembersOfAPart) {
  Part part{.path = "1", .reading = "", .type = "text/plain"};
  EXPECT_EQ(
      boost::json::serialize(as_json(part)),
      R"({"path":"1","reading":"","type":"text/plain","true_type":"","true_types":[],"names":[],"size":0,)"
      R"("sha256":")" +
          std::string(64, '0') + R"(","findings":[],"looked":"layer","members":[]})");
  EXPECT_EQ(boost::json::serialize(as_json(Oddity{Ambiguity::bare_cr, {12, 13}, 3})),
            R"({"code":"BARE_CR","gravity":"hard","at":[12,13],"times":3})");
}

TEST(ReportJson, WhatIsNoReportIsAnErrorAndUnknownMembersArePassedOver) {
  for (const char* text : {"", "null", "[]", "{", "{\"findings\":[}", "\xff"})
    EXPECT_FALSE(report_from_json(text)) << text;
  const auto odd = report_from_json(R"({"findings":[1,{"kind":"new","name":"x"},{"kind":"macros","name":2}],)"
                                    R"("unscanned":["limit","new",3],"layers":-1,"future":{}})");
  ASSERT_TRUE(odd) << odd.error().what;
  EXPECT_EQ(odd->findings, (std::vector<Finding>{{FindingKind::macros, ""}}));
  EXPECT_TRUE(odd->has(UnscannedReason::limit));
  EXPECT_EQ(odd->unscanned.count(), 1U);
  EXPECT_EQ(odd->layers, 0U);
  EXPECT_EQ(class_from_word("infected"), MessageClass::infected);
  EXPECT_EQ(class_from_word("nonsense"), MessageClass::unscanned) << "never clean by accident";
}

}  // namespace
}  // namespace rastel::store
