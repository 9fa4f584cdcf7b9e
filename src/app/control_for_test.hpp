// SPDX-License-Identifier: GPL-2.0-only
// A control server with made-up handlers on a unix socket of its own, on a thread of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "app/control_server.hpp"

namespace rastel::control {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline const std::string known_id = "0123456789abcdef";

// Answers as a daemon would that holds one message; remembers what it was asked. Anything with another id is
// not_found.
class FakeHandlers final : public ControlHandlers {
 public:
  explicit FakeHandlers(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Answer<boost::json::object> status() override;
  Answer<std::vector<store::HistoryRow>> history(store::HistoryFilter filter) override;
  Answer<std::vector<store::HeldMessage>> quarantine_list(store::ListFilter filter) override;
  Answer<store::HeldMessage> quarantine_show(std::string id) override;
  Answer<FileDescriptor> quarantine_raw(std::string id) override;
  Answer<ReleaseOutcome> quarantine_release(std::string id, std::vector<std::string> to,
                                            std::string by) override;
  Answer<> quarantine_delete(std::string id, std::string by) override;
  Answer<std::size_t> quarantine_purge() override;
  SpoolRoom spool_room() override { return {folder_, most_bytes}; }
  Answer<boost::json::object> scan(MessagePointer message,
                                   std::shared_ptr<sandbox::Withdrawal> withdrawal) override;
  Answer<std::string> reload() override;
  Answer<boost::json::object> signatures_status() override;
  Answer<std::string> signatures_reload() override;
  Answer<std::string> drain() override;
  Answer<boost::json::object> health() override;
  Answer<std::string> metrics() override;

  // Set before the first request.
  std::size_t history_rows = 2;
  std::string raw_bytes = "Subject: raw\r\n\r\nbytes\r\n";
  std::string hostile;                 // put into the held message's subject, sender and recipient
  std::uint64_t most_bytes = 1 << 20;  // of a message to be scanned
  bool reload_fails = false;

  [[nodiscard]] std::vector<std::string> asked() const;  // "history text=x limit=3", …

 private:
  void note(std::string what);
  [[nodiscard]] store::HeldMessage held() const;

  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
};

class TestServer {
 public:
  explicit TestServer(ServerLimits limits = {});
  ~TestServer();

  FakeHandlers& handlers() { return handlers_; }
  [[nodiscard]] std::string path() const { return folder_.path() / "control.sock"; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  FakeHandlers handlers_;
  inspect::BlockingPool blocking_{1};
  boost::asio::io_context context_{1};
  std::shared_ptr<ControlServer> server_;
  std::thread thread_;
};

}  // namespace rastel::control
