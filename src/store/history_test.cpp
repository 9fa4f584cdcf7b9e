// SPDX-License-Identifier: GPL-2.0-only
#include "store/history.hpp"

#include <cerrno>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/faults_for_test.hpp"
#include "store/store_for_test.hpp"

namespace rastel::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::system_clock;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

HistoryRow row_for_test(const std::string& id) {
  HistoryRow row;
  row.id = id;
  row.when = system_clock::time_point(hours(500'000));
  row.door = "before";
  row.client = "host[192.0.2.4]";
  row.authenticated_user = "user";
  row.sender = id + "@Sender.example";
  row.recipients = "one@x.example,two@x.example";
  row.message_id = "<" + id + "@m.example>";
  row.queue_id = "Q" + id;
  row.size = 20480;
  row.message_class = "infected";
  row.finding = "Eicar-Test-Signature";
  row.action = "reject>quarantine";
  row.reply = "554 5.7.1";
  row.next_hop = "127.0.0.1:10026";
  row.next_reply = "-";
  row.receive_ms = 3;
  row.scan_ms = UINT32_MAX;
  row.next_hop_ms = 0;
  return row;
}

class HistoryTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    history_.reset();
    auto opened = History::open(options_);
    ASSERT_TRUE(opened) << opened.error().what;
    history_ = std::move(*opened);
  }
  std::vector<std::string> ids(const HistoryFilter& filter) {
    std::vector<std::string> found;
    const auto rows = history_->query(filter).value();
    for (const HistoryRow& row : rows) found.push_back(row.id);
    return found;
  }
  [[nodiscard]] fs::path file() const { return fs::path(options_.directory) / "history.sqlite"; }
  void in_the_database(const char* sql) const {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }

  FolderForTest folder_;
  StoreOptions options_ = folder_.options();
  std::unique_ptr<History> history_;
};

TEST_F(HistoryTest, KeepsEveryField) {
  HistoryRow row = row_for_test("a");
  row.observed = true;
  row.sender = std::string("'\"\0\xff\n", 5);
  history_->append(row);
  ASSERT_TRUE(history_->flush());
  reopen();
  const auto rows = history_->query({}).value();
  ASSERT_EQ(rows.size(), 1U);
  const HistoryRow& read = rows[0];
  EXPECT_EQ(read.id, row.id);
  EXPECT_EQ(read.when, row.when);
  EXPECT_EQ(read.door, row.door);
  EXPECT_EQ(read.client, row.client);
  EXPECT_EQ(read.authenticated_user, row.authenticated_user);
  EXPECT_EQ(read.sender, row.sender);
  EXPECT_EQ(read.recipients, row.recipients);
  EXPECT_EQ(read.message_id, row.message_id);
  EXPECT_EQ(read.queue_id, row.queue_id);
  EXPECT_EQ(read.size, row.size);
  EXPECT_EQ(read.message_class, row.message_class);
  EXPECT_EQ(read.finding, row.finding);
  EXPECT_EQ(read.action, row.action);
  EXPECT_EQ(read.reply, row.reply);
  EXPECT_EQ(read.next_hop, row.next_hop);
  EXPECT_EQ(read.next_reply, row.next_reply);
  EXPECT_EQ(read.receive_ms, row.receive_ms);
  EXPECT_EQ(read.scan_ms, row.scan_ms);
  EXPECT_EQ(read.next_hop_ms, row.next_hop_ms);
  EXPECT_TRUE(read.observed);
  struct stat status{};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(HistoryOnAFaultyDisk, WhatWasFlushedSurvivesALossOfPower) {
  const FolderForTest folder;
  FaultyDisk disk(folder.path());
  {
    const auto history = History::open(folder.options(), disk).value();
    history->append(row_for_test("first"));
    ASSERT_TRUE(history->flush());
    history->append(row_for_test("second"));
    ASSERT_TRUE(history->flush());
    disk.fail_at(1, EIO, FaultyDisk::Fault::from_then_on);
  }
  disk.lose(FaultyDisk::Loss::unsynced);
  const auto rows = History::open(folder.options(), disk).value()->query({}).value();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, "second");
}

TEST_F(HistoryTest, WritesWhatWaitsWhenItEnds) {
  for (int number = 0; number < 1234; ++number) history_->append(row_for_test(std::to_string(number)));
  reopen();
  EXPECT_EQ(ids({.limit = 10'000}).size(), 1234U);
}

TEST_F(HistoryTest, AnswersByFilterNewestFirst) {
  const auto start = row_for_test("").when;
  for (int number = 0; number < 4; ++number) {
    HistoryRow row = row_for_test("id" + std::to_string(number));
    row.when = start + hours(number);
    row.observed = number == 2;
    row.message_class = std::array{"infected", "unscanned(limit)", "unscanned", "unscannedx"}[number];
    history_->append(row);
  }
  EXPECT_THAT(ids({}), ElementsAre("id3", "id2", "id1", "id0"));
  EXPECT_THAT(ids({.limit = 2}), ElementsAre("id3", "id2"));
  EXPECT_THAT(ids({.since = start + hours(2)}), ElementsAre("id3", "id2"));
  EXPECT_THAT(ids({.message_class = "unscanned"}), ElementsAre("id2", "id1"));
  EXPECT_THAT(ids({.message_class = "unscanned(limit)"}), ElementsAre("id1"));
  EXPECT_THAT(ids({.only_observed = true}), ElementsAre("id2"));
  for (const char* text : {"ID1", "id1@sender", "<id1@M", "Qid1"})
    EXPECT_THAT(ids({.text = text}), ElementsAre("id1")) << text;
  EXPECT_THAT(ids({.text = "TWO@x"}), ElementsAre("id3", "id2", "id1", "id0"));
  for (const char* text : {"%", "192.0.2.4", "' OR 1 --"})
    EXPECT_THAT(ids({.text = text}), IsEmpty()) << text;
}

TEST_F(HistoryTest, PurgesTheOld) {
  HistoryRow old = row_for_test("old");
  old.when -= hours(1);
  history_->append(old);
  history_->append(row_for_test("new"));
  ASSERT_TRUE(history_->flush());
  ASSERT_TRUE(history_->purge(row_for_test("").when));
  EXPECT_THAT(ids({}), ElementsAre("new"));
}

TEST_F(HistoryTest, CutsWhatIsTooLong) {
  HistoryRow row = row_for_test("a");
  row.sender = row.message_id = std::string(1 << 20, 's');
  row.recipients = std::string(1 << 20, 'r');
  history_->append(row);
  const auto rows = history_->query({}).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].sender, std::string(4096, 's'));
  EXPECT_EQ(rows[0].recipients, std::string(64 * 1024, 'r'));
}

TEST_F(HistoryTest, ManyThreadsAppend) {
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([this] {
      for (int round = 0; round < 500; ++round) {
        history_->append(row_for_test("x"));
        if (round % 100 == 0) {
          EXPECT_TRUE(history_->flush());
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ids({.limit = 10'000}).size(), 2000U);
  EXPECT_EQ(history_->dropped(), 0U);
}

TEST_F(HistoryTest, ADatabaseThatFailsIsSaidTriedAgainAndDropsTheOldest) {
  in_the_database("ALTER TABLE message RENAME TO elsewhere");
  history_->append(row_for_test("first"));
  const auto failed = history_->flush();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().what, HasSubstr(file().native()));
  for (int number = 0; number < 10'100; ++number) history_->append(row_for_test(std::to_string(number)));
  EXPECT_FALSE(history_->flush());
  EXPECT_GT(history_->dropped(), 0U);
  in_the_database("ALTER TABLE elsewhere RENAME TO message");
  while (!history_->flush()) std::this_thread::yield();
  const auto rows = history_->query({.limit = 20'000}).value();
  EXPECT_EQ(rows.size() + history_->dropped(), 10'101U);
  EXPECT_EQ(rows.front().id, "10099") << "the newest is kept";
}

TEST_F(HistoryTest, RefusesANewerSchemaAndADirectoryThatIsNone) {
  history_.reset();
  in_the_database("PRAGMA user_version = 50");
  const auto newer = History::open(options_);
  ASSERT_FALSE(newer);
  EXPECT_THAT(newer.error().what, AllOf(HasSubstr(file().native()), HasSubstr("newer Rastel")));
  std::ofstream(folder_.path() / "file") << "x";
  options_.directory = folder_.path() / "file";
  const auto none = History::open(options_);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, HasSubstr(options_.directory));
}

}  // namespace
}  // namespace rastel::store
