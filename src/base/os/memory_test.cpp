// SPDX-License-Identifier: GPL-2.0-only
#include "base/os/memory.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "base/identifier.hpp"

namespace rastel::os {
namespace {

class MadeUpRoot {
 public:
  MadeUpRoot() : path_(std::filesystem::temp_directory_path() / ("rastel-test-" + new_message_id())) {}
  ~MadeUpRoot() { std::filesystem::remove_all(path_); }
  MadeUpRoot(const MadeUpRoot&) = delete;
  MadeUpRoot& operator=(const MadeUpRoot&) = delete;
  void write(const std::filesystem::path& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(AvailableMemory, TheTightestLimitAboveUsCounts) {
  const MadeUpRoot root;
  EXPECT_FALSE(available_memory(root.path()));
  root.write("proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:   4000 kB\n");
  EXPECT_EQ(available_memory(root.path()), 4000U * 1024);
  root.write("proc/self/cgroup", "0::/system.slice/rastel.service\n");
  EXPECT_EQ(available_memory(root.path()), 4000U * 1024) << "no controller, no limit";
  root.write("sys/fs/cgroup/system.slice/rastel.service/memory.max", "max\n");
  root.write("sys/fs/cgroup/system.slice/rastel.service/memory.current", "1000000\n");
  EXPECT_EQ(available_memory(root.path()), 4000U * 1024);
  root.write("sys/fs/cgroup/system.slice/memory.max", "3000000\n");
  root.write("sys/fs/cgroup/system.slice/memory.current", "2500000\n");
  root.write("sys/fs/cgroup/system.slice/memory.stat", "anon 2000000\ninactive_file 300000\n");
  EXPECT_EQ(available_memory(root.path()), 800'000U) << "caches make room";
  root.write("sys/fs/cgroup/system.slice/memory.current", "9000000\n");
  EXPECT_EQ(available_memory(root.path()), 0U) << "over the limit is not much";
}

}  // namespace
}  // namespace rastel::os
