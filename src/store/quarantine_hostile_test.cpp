// SPDX-License-Identifier: GPL-2.0-only
// Hostile values, improper requests, and what may be in the way when the quarantine is opened.
#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include "store/quarantine_fixture_for_test.hpp"

namespace rastel::store {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(QuarantineTest, HostileValuesComeBackAsTheyWereOrAreRefused) {
  struct Row {
    const char* name;
    std::string address;
    bool accepted;
  };
  for (const Row& row :
       {Row{"empty", "", true}, Row{"quotes", "'\"`;--@x", true}, Row{"NUL", std::string("a\0b@x", 5), true},
        Row{"8 bit", "\xff\xc3\x28@\xe4", true}, Row{"longest", std::string(4096, 'a'), true},
        Row{"too long", std::string(4097, 'a'), false}, Row{"1 MB", std::string(1 << 20, 'a'), false},
        Row{"line break", "a@x>\r\nDATA", false}, Row{"bare LF", "a\nb", false}}) {
    SCOPED_TRACE(row.name);
    for (int place = 0; place < 4; ++place) {
      HoldRequest request = request_for_test({"a@x.example"});
      Envelope& envelope = request.envelope;
      std::string* places[] = {&envelope.reverse_path, &envelope.reverse_path_parameters,
                               &envelope.recipients[0].address, &envelope.recipients[0].parameters};
      *places[place] = row.address;
      const auto held = quarantine_->hold(*message_for_test(row.name + std::to_string(place)), request);
      ASSERT_EQ(held.has_value(), row.accepted);
      if (!held) {
        EXPECT_EQ(held.error().kind, ErrorKind::hostile_message);
        EXPECT_LT(held.error().what.size(), 200U);
        EXPECT_EQ(held.error().what.find('\n'), std::string::npos);
        continue;
      }
      const auto shown = quarantine_->show(request.id).value();
      EXPECT_EQ(shown.envelope.reverse_path, envelope.reverse_path);
      EXPECT_EQ(shown.envelope.reverse_path_parameters, envelope.reverse_path_parameters);
      EXPECT_EQ(shown.envelope.recipients[0].address, envelope.recipients[0].address);
      EXPECT_EQ(shown.envelope.recipients[0].parameters, envelope.recipients[0].parameters);
      EXPECT_EQ(quarantine_->hold(*message_for_test(row.name + std::to_string(place)), request).value(),
                request.id);
    }
  }
}

TEST_F(QuarantineTest, LongRemarksAreCut) {
  const std::string hostile = std::string("a\0'\"\n\xff", 6) + std::string(1 << 20, 'z');
  HoldRequest request = request_for_test({"a@x.example"});
  request.message_id = request.subject = hostile;
  request.envelope.client = {hostile, hostile, hostile, hostile};
  request.envelope.queue_id = hostile;
  hold(message_for_test("x"), request);
  const auto shown = quarantine_->show(request.id).value();
  const std::string expected = hostile.substr(0, 1024);
  EXPECT_EQ(shown.subject, expected);
  EXPECT_EQ(shown.message_id, expected);
  EXPECT_EQ(shown.envelope.client.name, expected);
  EXPECT_EQ(shown.envelope.queue_id, expected);
}

TEST_F(QuarantineTest, RefusesWhatIsNoProperRequest) {
  const MessagePointer message = message_for_test("x");
  HoldRequest request = request_for_test({"a@x.example"});
  for (const char* id : {"", "../../etc/passwd", "0123456789ABCDEF", "0123456789abcdef0"}) {
    request.id = id;
    EXPECT_EQ(quarantine_->hold(*message, request).error().kind, ErrorKind::ours) << id;
    EXPECT_EQ(quarantine_->raw(id).error().kind, ErrorKind::not_found) << id;
    EXPECT_EQ(quarantine_->show(id).error().kind, ErrorKind::not_found) << id;
    EXPECT_EQ(quarantine_->remove(id).error().kind, ErrorKind::not_found) << id;
  }
  request = request_for_test({"a@x.example"});
  request.recipients = {1};
  EXPECT_FALSE(quarantine_->hold(*message, request));
  request.recipients = {};
  EXPECT_FALSE(quarantine_->hold(*message, request));
  EXPECT_FALSE(quarantine_->record_discard(*message, request));
  EXPECT_EQ(quarantine_->show("0123456789abcdef").error().kind, ErrorKind::not_found);
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_F(QuarantineTest, ADatabaseOfANewerRastelIsRefused) {
  quarantine_.reset();
  const fs::path path = fs::path(options_.directory) / "quarantine" / "index.sqlite";
  {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }
  const auto refused = Quarantine::open(options_, real_files());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
  EXPECT_THAT(refused.error().what, AllOf(HasSubstr(path.native()), HasSubstr("newer Rastel (schema 99")));
}

TEST(QuarantineOpen, SaysInOneLineWhatIsInTheWay) {
  const FolderForTest folder;
  std::ofstream(folder.path() / "file") << "x";
  StoreOptions options;
  for (const char* directory : {"file", "file/below"}) {
    options.directory = folder.path() / directory;
    const auto refused = Quarantine::open(options, real_files());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, AllOf(HasSubstr(options.directory), HasSubstr("[store] directory")));
    EXPECT_EQ(refused.error().what.find('\n'), std::string::npos);
  }
}

// As root: in a child process that has become somebody else.
TEST(QuarantineOpenDeathTest, PermissionTroubleNamesPathAndRemedy) {
  const FolderForTest folder;
  fs::create_directory(folder.path() / "closed");
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(folder.path() / "closed", fs::perms::owner_read | fs::perms::owner_exec);
  StoreOptions options;
  options.directory = folder.path() / "closed";
  const auto try_as_nobody = [&] {
    if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0)) _exit(2);
    const auto refused = Quarantine::open(options, real_files());
    if (refused) _exit(3);
    fprintf(stderr, "%s\n", refused.error().what.c_str());
    _exit(0);
  };
  EXPECT_EXIT(
      try_as_nobody(), testing::ExitedWithCode(0),
      "^can't (open|create) .*closed/quarantine: Permission denied; the store must belong .*: chown -R "
      "[0-9]+ .*closed\n$");
}

}  // namespace
}  // namespace rastel::store
