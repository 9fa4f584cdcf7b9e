// SPDX-License-Identifier: GPL-2.0-only
#include "store/store_for_test.hpp"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/identifier.hpp"
#include "store/database.hpp"
#include "store/durable.hpp"
#include "store/entry_rows.hpp"

namespace rastel::store {

namespace fs = std::filesystem;

FolderForTest::FolderForTest() {
  // In memory where there is one: real fsyncs are most of the time of these tests.
  const bool in_memory = getenv("TMPDIR") == nullptr && access("/dev/shm", W_OK | X_OK) == 0;
  std::string name =
      ((in_memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "rastel-store-XXXXXX").native();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = fs::canonical(name);
}

FolderForTest::~FolderForTest() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

StoreOptions FolderForTest::options() const {
  StoreOptions options;
  options.directory = path_ / "state";
  return options;
}

MessagePointer message_for_test(std::string_view bytes) {
  return message_from_bytes(bytes, fs::temp_directory_path()).value();
}

HoldRequest request_for_test(const std::vector<std::string>& recipients) {
  HoldRequest request;
  request.id = new_message_id();
  request.envelope.reverse_path = "sender@example.com";
  request.envelope.reverse_path_parameters = "BODY=8BITMIME RET=HDRS ENVID=QQ314159";
  for (const std::string& address : recipients) {
    request.recipients.push_back(request.envelope.recipients.size());
    request.envelope.recipients.push_back({address, "NOTIFY=NEVER ORCPT=rfc822;" + address});
  }
  request.envelope.client = {"192.0.2.4", "client.example.com", "helo.example.com", "user"};
  request.envelope.door = "before";
  request.envelope.place = Place::after_queue;
  request.envelope.direction = Direction::internal;
  request.envelope.queue_id = "4XyZ";
  request.report.findings = {{FindingKind::signature, "Eicar-Test-Signature"}};
  request.report.engine_version = "ClamAV 1.4.6";
  request.report.signature_version = "27123";
  request.message_class = MessageClass::infected;
  request.message_id = "<m@example.com>";
  request.subject = "Invoice";
  return request;
}

std::string read_descriptor(const FileDescriptor& file) {
  std::string bytes(1 << 20, '\0');
  std::string all;
  for (;;) {
    const ssize_t got = pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(all.size()));
    if (got <= 0) return all;
    all.append(bytes, 0, static_cast<std::size_t>(got));
  }
}

std::string raw_bytes(Quarantine& quarantine, const std::string& id) {
  const auto file = quarantine.raw(id);
  return file ? read_descriptor(*file) : "error: " + file.error().what;
}

std::vector<std::string> addresses(const HeldMessage& held, HeldState state) {
  std::vector<std::string> found;
  for (const HeldRecipient& recipient : held.recipients)
    if (recipient.state == state) found.push_back(recipient.recipient.address);
  return found;
}

std::int64_t ask_index(const StoreOptions& options, std::string_view sql) {
  const fs::path path = fs::path(options.directory) / "quarantine" / "index.sqlite";
  const auto database = Database::open(path, real_files(), quarantine_migrations());
  if (!database) throw std::runtime_error(database.error().what);
  auto row = (*database)->prepare(sql);
  if (!row || !row->step().value_or(false)) throw std::runtime_error("no row for " + std::string(sql));
  return row->number_at(0);
}

std::vector<fs::path> files_below(const fs::path& folder, std::string_view ending) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().native().ends_with(ending)) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

}  // namespace rastel::store
