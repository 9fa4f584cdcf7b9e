// SPDX-License-Identifier: GPL-2.0-only
#include "store/quarantine.hpp"

#include <fstream>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/identifier.hpp"
#include "store/database.hpp"
#include "store/faults_for_test.hpp"
#include "store/quarantine_fixture_for_test.hpp"
#include "store/store_for_test.hpp"

namespace rastel::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(QuarantineTest, KeepsTheMessageAndAllThatWasKnownOfIt) {
  const std::string bytes(
      "Subject: x\r\n\r\n.\r\n\0\xff"
      "end",
      21);
  HoldRequest request = request_for_test({"a@x.example", "b@x.example", "c@x.example"});
  request.recipients = {0, 2};
  request.message_class = MessageClass::unscanned;
  request.reason = UnscannedReason::limit;
  const MessagePointer message = message_for_test(bytes);
  EXPECT_EQ(hold(message, request), request.id);
  reopen();

  const auto held = quarantine_->show(request.id);
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_EQ(held->id, request.id);
  EXPECT_EQ(held->size, bytes.size());
  EXPECT_EQ(held->digest, sha256(bytes));
  EXPECT_LT(std::chrono::abs(Clock::now() - held->when), hours(1));
  EXPECT_EQ(held->message_class, MessageClass::unscanned);
  EXPECT_EQ(held->reason, UnscannedReason::limit);
  EXPECT_EQ(held->findings, request.report.findings);
  EXPECT_EQ(held->message_id, request.message_id);
  EXPECT_EQ(held->subject, request.subject);
  const Envelope& envelope = held->envelope;
  EXPECT_EQ(envelope.reverse_path, request.envelope.reverse_path);
  EXPECT_EQ(envelope.reverse_path_parameters, request.envelope.reverse_path_parameters);
  EXPECT_EQ(envelope.client.address, "192.0.2.4");
  EXPECT_EQ(envelope.client.name, "client.example.com");
  EXPECT_EQ(envelope.client.helo, "helo.example.com");
  EXPECT_EQ(envelope.client.authenticated_user, "user");
  EXPECT_EQ(envelope.door, "before");
  EXPECT_EQ(envelope.place, Place::after_queue);
  EXPECT_EQ(envelope.direction, Direction::internal);
  EXPECT_EQ(envelope.queue_id, "4XyZ");
  ASSERT_EQ(envelope.recipients.size(), 2U);
  EXPECT_EQ(envelope.recipients[1].address, "c@x.example");
  EXPECT_EQ(envelope.recipients[1].parameters, "NOTIFY=NEVER ORCPT=rfc822;c@x.example");
  EXPECT_THAT(addresses(*held, HeldState::held), ElementsAre("a@x.example", "c@x.example"));
  EXPECT_EQ(raw_bytes(*quarantine_, request.id), bytes);
  EXPECT_EQ(ask_index(options_, "SELECT report ->> '$.signature_version' = '27123' FROM entry"), 1);
}

TEST_F(QuarantineTest, LargeAndEmptyMessages) {
  std::string large;
  while (large.size() < 3'000'001) large += "0123456789abcdef" + std::to_string(large.size());
  for (const std::string& bytes : {std::string(), std::string("x"), large}) {
    const HoldRequest request = request_for_test({"a@x.example"});
    EXPECT_EQ(hold(message_for_test(bytes), request), request.id);
    EXPECT_TRUE(raw_bytes(*quarantine_, request.id) == bytes) << bytes.size();
  }
}

TEST_F(QuarantineTest, LiesInTwoDigitFoldersThatOthersCannotEnter) {
  const HoldRequest request = request_for_test({"a@x.example"});
  hold(message_for_test("x"), request);
  const fs::path root = fs::path(options_.directory) / "quarantine";
  EXPECT_THAT(stored(), ElementsAre(root / request.id.substr(0, 2) / (request.id + ".eml")));
  EXPECT_THAT(files_below(folder_.path(), ".tmp"), IsEmpty());
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat status{};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
  fs::permissions(root, fs::perms::all);
  reopen();
  EXPECT_EQ(fs::status(root).permissions(), fs::perms::owner_all) << "closed again";
  const FileDescriptor raw = quarantine_->raw(request.id).value();
  EXPECT_EQ(fcntl(raw.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(QuarantineTest, TheSameBytesAreHeldOncePerRecipient) {
  const MessagePointer message = message_for_test("same");
  const HoldRequest first = request_for_test({"a@x.example", "b@x.example"});
  hold(message, first);
  EXPECT_EQ(hold(message, request_for_test({"a@x.example", "b@x.example"})), first.id);
  EXPECT_EQ(hold(message, request_for_test({"b@x.example"})), first.id);
  EXPECT_EQ(hold(message, request_for_test({"b@x.example", "c@x.example"})), first.id) << "c joins";
  EXPECT_THAT(addresses(quarantine_->show(first.id).value(), HeldState::held),
              ElementsAre("a@x.example", "b@x.example", "c@x.example"));
  EXPECT_EQ(stored().size(), 1U);

  HoldRequest other_sender = request_for_test({"a@x.example"});
  other_sender.envelope.reverse_path = "Sender@example.com";
  EXPECT_EQ(hold(message, other_sender), other_sender.id);
  const HoldRequest other_bytes = request_for_test({"a@x.example"});
  EXPECT_EQ(hold(message_for_test("Same"), other_bytes), other_bytes.id);
  const HoldRequest other_recipient = request_for_test({"d@x.example"});
  EXPECT_EQ(hold(message, other_recipient), other_recipient.id);
  // a lies under the first id, d under another: neither is held twice.
  EXPECT_EQ(hold(message, request_for_test({"d@x.example", "a@x.example"})), other_recipient.id);
  EXPECT_EQ(ask_index(options_, "SELECT count(*) FROM recipient"), 6);
}

TEST_F(QuarantineTest, ARecipientNamedTwiceIsHeldOnce) {
  const HoldRequest request = request_for_test({"a@x.example", "a@x.example"});
  hold(message_for_test("x"), request);
  EXPECT_THAT(addresses(quarantine_->show(request.id).value(), HeldState::held), ElementsAre("a@x.example"));
}

TEST_F(QuarantineTest, TheSecondCallOfOneMessageJoinsAndAForeignIdIsRefused) {
  HoldRequest request = request_for_test({"a@x.example", "b@x.example"});
  request.recipients = {0};
  hold(message_for_test("x"), request);
  request.recipients = {1};
  EXPECT_EQ(hold(message_for_test("x"), request), request.id);
  EXPECT_THAT(addresses(quarantine_->show(request.id).value(), HeldState::held),
              ElementsAre("a@x.example", "b@x.example"));
  const auto foreign = quarantine_->hold(*message_for_test("y"), request);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().kind, ErrorKind::ours);
  EXPECT_EQ(raw_bytes(*quarantine_, request.id), "x");
}

TEST_F(QuarantineTest, HeldAlreadyIsNotSaidWhenTheFileIsGoneOrCut) {
  for (const bool cut : {false, true}) {
    const std::string bytes = cut ? "cut" : "gone";
    const HoldRequest first = request_for_test({"a@x.example"});
    hold(message_for_test(bytes), first);
    const fs::path file =
        fs::path(options_.directory) / "quarantine" / first.id.substr(0, 2) / (first.id + ".eml");
    if (cut)
      fs::resize_file(file, 1);
    else
      fs::remove(file);
    EXPECT_THAT(raw_bytes(*quarantine_, first.id), HasSubstr(file.native()));
    const HoldRequest second = request_for_test({"a@x.example"});
    EXPECT_EQ(hold(message_for_test(bytes), second), second.id);
    EXPECT_EQ(raw_bytes(*quarantine_, second.id), bytes);
    EXPECT_THAT(addresses(quarantine_->show(first.id).value(), HeldState::deleted),
                ElementsAre("a@x.example"));
  }
}

TEST_F(QuarantineTest, ListsNewestFirstByFilter) {
  std::vector<std::string> ids;
  for (const char* bytes : {"one", "two", "three"}) {
    HoldRequest request = request_for_test({std::string(bytes) + "@X.example", "all@x.example"});
    request.envelope.reverse_path = std::string(bytes) + "@Sender.example";
    ids.push_back(hold(message_for_test(bytes), request));
  }
  const auto listed = [&](const ListFilter& filter) {
    std::vector<std::string> found;
    const auto all = quarantine_->list(filter).value();
    for (const HeldMessage& held : all) found.push_back(held.id);
    return found;
  };
  EXPECT_THAT(listed({}), ElementsAre(ids[2], ids[1], ids[0]));
  EXPECT_THAT(listed({.recipient = "ONE@x"}), ElementsAre(ids[0]));
  EXPECT_THAT(listed({.recipient = "all@"}), ElementsAre(ids[2], ids[1], ids[0]));
  EXPECT_THAT(listed({.recipient = "%"}), IsEmpty());
  EXPECT_THAT(listed({.recipient = "all@", .sender = "sender.E"}), ElementsAre(ids[2], ids[1], ids[0]));
  EXPECT_THAT(listed({.sender = "two@SENDER"}), ElementsAre(ids[1]));
  EXPECT_THAT(listed({.sender = "' OR 1=1 --"}), IsEmpty());
  EXPECT_THAT(listed({.since = Clock::now() + hours(1)}), IsEmpty());
  EXPECT_THAT(listed({.since = Clock::now() - hours(1), .limit = 2}), ElementsAre(ids[2], ids[1]));
  ASSERT_TRUE(quarantine_->remove(ids[1]));
  EXPECT_THAT(listed({}), ElementsAre(ids[2], ids[0]));
  EXPECT_THAT(listed({.only_held = false}), ElementsAre(ids[2], ids[1], ids[0]));
}

TEST_F(QuarantineTest, MaxSizeIsNoSpaceAndWhatIsHeldStays) {
  options_.max_size = {10};
  reopen();
  const HoldRequest first = request_for_test({"a@x.example"});
  hold(message_for_test("123456"), first);
  const auto full = quarantine_->hold(*message_for_test("12345"), request_for_test({"a@x.example"}));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::no_space);
  EXPECT_THAT(full.error().what, AllOf(HasSubstr(options_.directory), HasSubstr("max_size")));
  EXPECT_EQ(hold(message_for_test("123456"), request_for_test({"a@x.example"})), first.id) << "needs no room";
  hold(message_for_test("1234"), request_for_test({"a@x.example"}));
  EXPECT_EQ(quarantine_->usage()->bytes, 10U);
  EXPECT_EQ(quarantine_->usage()->messages, 2U);
  EXPECT_FALSE(quarantine_->hold(*message_for_test("1"), request_for_test({"a@x.example"})));
  ASSERT_TRUE(quarantine_->remove(first.id));
  EXPECT_EQ(quarantine_->usage()->bytes, 4U);
  EXPECT_EQ(quarantine_->usage()->messages, 1U);
  hold(message_for_test("abcdef"), request_for_test({"a@x.example"}));
  EXPECT_TRUE(quarantine_->record_discard(*message_for_test("1"), request_for_test({"a@x.example"})));
}

TEST_F(QuarantineTest, RemoveKeepsTheRow) {
  const HoldRequest request = request_for_test({"a@x.example"});
  hold(message_for_test("x"), request);
  ASSERT_TRUE(quarantine_->remove(request.id));
  EXPECT_TRUE(quarantine_->remove(request.id)) << "twice is no harm";
  EXPECT_THAT(addresses(quarantine_->show(request.id).value(), HeldState::deleted),
              ElementsAre("a@x.example"));
  EXPECT_EQ(quarantine_->raw(request.id).error().kind, ErrorKind::not_found);
  EXPECT_THAT(stored(), IsEmpty());
  const HoldRequest again = request_for_test({"a@x.example"});
  EXPECT_EQ(hold(message_for_test("x"), again), again.id);
}

TEST_F(QuarantineTest, PurgesByAgeAndOnlyOldOrphans) {
  const HoldRequest request = request_for_test({"a@x.example"});
  hold(message_for_test("x"), request);
  ASSERT_TRUE(quarantine_->record_discard(*message_for_test("y"), request_for_test({"a@x.example"})));
  const fs::path folder = fs::path(options_.directory) / "quarantine" / "ab";
  fs::create_directory(folder);
  const std::vector<std::string> orphans{"abcdef0123456789.eml", "abcdef0123456789.0123456789abcdef.tmp"};
  const std::vector<std::string> foreign{"README", "abcdef0123456789.eml.bak", ".tmp",
                                         "abcdef0123456789.x.tmp"};
  for (const auto* names : {&orphans, &foreign})
    for (const std::string& name : *names) std::ofstream(folder / name) << "bytes";

  EXPECT_EQ(quarantine_->purge(Clock::now()).value(), 0U);
  for (const std::string& name : orphans)
    EXPECT_TRUE(fs::exists(folder / name)) << "younger than an hour: " << name;
  EXPECT_EQ(quarantine_->purge(Clock::now() + hours(2)).value(), 0U);
  for (const std::string& name : orphans) EXPECT_FALSE(fs::exists(folder / name)) << name;
  for (const std::string& name : foreign) EXPECT_TRUE(fs::exists(folder / name)) << "not ours: " << name;
  EXPECT_EQ(raw_bytes(*quarantine_, request.id), "x");

  EXPECT_EQ(quarantine_->purge(Clock::now() + options_.keep - hours(1)).value(), 0U);
  EXPECT_EQ(raw_bytes(*quarantine_, request.id), "x");
  EXPECT_EQ(quarantine_->purge(Clock::now() + options_.keep + hours(1)).value(), 1U);
  EXPECT_EQ(quarantine_->show(request.id).error().kind, ErrorKind::not_found);
  EXPECT_THAT(stored(), IsEmpty());
  EXPECT_EQ(ask_index(options_, "SELECT count(*) FROM entry"), 0) << "discards too";
  EXPECT_EQ(ask_index(options_, "SELECT count(*) FROM recipient"), 0);
  EXPECT_EQ(quarantine_->usage()->bytes, 0U);
}

TEST_F(QuarantineTest, ADiscardIsRecordedWithoutBytes) {
  const HoldRequest request = request_for_test({"a@x.example", "b@x.example"});
  ASSERT_TRUE(quarantine_->record_discard(*message_for_test("x"), request));
  ASSERT_TRUE(quarantine_->record_discard(*message_for_test("x"), request)) << "twice is once";
  EXPECT_EQ(ask_index(options_,
                      "SELECT count(*) FROM entry WHERE kind = 1 AND stored = 0 AND size = 1"
                      " AND class = 'infected' AND length(digest) = 32"),
            1);
  EXPECT_EQ(ask_index(options_, "SELECT count(*) FROM recipient WHERE state = 4"), 2);
  EXPECT_THAT(stored(), IsEmpty());
  EXPECT_THAT(quarantine_->list({}).value(), IsEmpty());
  const auto everything = quarantine_->list({.only_held = false}).value();
  ASSERT_EQ(everything.size(), 1U) << "on record for those who ask for everything";
  EXPECT_THAT(addresses(everything[0], HeldState::discarded), ElementsAre("a@x.example", "b@x.example"));
  EXPECT_EQ(quarantine_->show(request.id).error().kind, ErrorKind::not_found)
      << "nothing to look at or release";
  EXPECT_EQ(hold(message_for_test("x"), request), request.id)
      << "one message, one id: held for some, discarded for others";
}

TEST_F(QuarantineTest, ManyThreadsHoldTheSameAndDifferentMessages) {
  constexpr int rounds = 20;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> same_ids, own_ids;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      for (int round = 0; round < rounds; ++round) {
        const auto same = quarantine_->hold(*message_for_test("same"), request_for_test({"a@x.example"}));
        const std::string bytes = std::to_string(number) + "." + std::to_string(round);
        const auto own = quarantine_->hold(*message_for_test(bytes), request_for_test({"a@x.example"}));
        const std::scoped_lock lock(mutex);
        ASSERT_TRUE(same) << same.error().what;
        ASSERT_TRUE(own) << own.error().what;
        same_ids.insert(*same);
        own_ids.insert(*own);
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 5; ++round) EXPECT_TRUE(quarantine_->purge(Clock::now() + hours(2)));
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same_ids.size(), 1U);
  EXPECT_EQ(own_ids.size(), 4U * rounds);
  const auto all = quarantine_->list({}).value();
  for (const HeldMessage& held : all) EXPECT_EQ(sha256(raw_bytes(*quarantine_, held.id)), held.digest);
  EXPECT_EQ(stored().size(), own_ids.size() + 1);
}

}  // namespace
}  // namespace rastel::store
