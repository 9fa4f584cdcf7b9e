// SPDX-License-Identifier: GPL-2.0-only
// What the tests of the store share: a folder of their own, messages, requests, and a reader of what lies
// there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.hpp"
#include "store/options.hpp"
#include "store/quarantine.hpp"

namespace rastel::store {

class FolderForTest {
 public:
  FolderForTest();
  ~FolderForTest();
  FolderForTest(const FolderForTest&) = delete;
  FolderForTest& operator=(const FolderForTest&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] StoreOptions options() const;  // [store] directory = PATH/state

 private:
  std::filesystem::path path_;
};

[[nodiscard]] MessagePointer message_for_test(std::string_view bytes);
[[nodiscard]] HoldRequest request_for_test(const std::vector<std::string>& recipients);

[[nodiscard]] std::string read_descriptor(const FileDescriptor& file);
// Of a message in the quarantine; the error's text where there is none.
[[nodiscard]] std::string raw_bytes(Quarantine& quarantine, const std::string& id);
[[nodiscard]] std::vector<std::string> addresses(const HeldMessage& held, HeldState state);
// The first column of the first row of `sql` in the quarantine's database of `options`.
[[nodiscard]] std::int64_t ask_index(const StoreOptions& options, std::string_view sql);
// Regular files below `folder` whose name ends in `ending`.
[[nodiscard]] std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder,
                                                             std::string_view ending);

}  // namespace rastel::store
