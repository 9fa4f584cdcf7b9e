// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/content.hpp"

#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/os/file.hpp"

namespace rastel::doors::pipe {
namespace {

constexpr std::string_view above = "From a@x Tue Mar  3 10:00:00 2026\nDelivered-To: b@y\n";
constexpr std::string_view rest = "Received: from z\nMessage-ID: <1@x>\nSubject: s\n\nbody\n";

class PipeContent : public testing::Test {
 public:
  ~PipeContent() override { std::filesystem::remove_all(root_); }

 protected:
  PipeContent() {
    std::string name = "/tmp/rastel-pipe-XXXXXX";
    root_ = mkdtemp(name.data());
  }

  [[nodiscard]] Result<Taken> take_text(std::string_view text, std::uint64_t most = 1 << 20) const {
    const auto file = os::sealed_memory_file(text, root_);
    return file ? take(*file, most, root_) : std::unexpected(file.error());
  }
  [[nodiscard]] Result<Taken> take_path(const std::filesystem::path& path, int flags = O_RDONLY) const {
    return take(FileDescriptor(open(path.c_str(), flags | O_CLOEXEC)), 1 << 20, root_);
  }
  static std::string bytes(const Result<MessagePointer>& message) {
    return message ? (*message)->read_at(0, (*message)->size()).value_or("?") : message.error().what;
  }
  static std::string bytes(const Result<Taken>& taken) {
    return taken ? bytes(Result<MessagePointer>(taken->message)) : taken.error().what;
  }

  std::filesystem::path root_;
};

TEST_F(PipeContent, IsTheMessageAsTheWireHasIt) {
  const auto taken = take_text(std::string(above) + std::string(rest));
  ASSERT_TRUE(taken);
  EXPECT_EQ(bytes(taken), "Received: from z\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\r\nbody\r\n");
  EXPECT_EQ(taken->above, above.size());
  EXPECT_FALSE(taken->crlf);
  EXPECT_FALSE(taken->forged);
  EXPECT_EQ(taken->message_id, "<1@x>");
  EXPECT_EQ(taken->subject, "s");
}

// By whichever door it comes back, and whatever the mail server puts on top then.
TEST_F(PipeContent, IsTheSameMessageAtEveryAttempt) {
  const auto first = take_text(std::string(above) + std::string(rest));
  const auto later = take_text("From a@x Wed\nReturn-Path: <a@x>\nDelivered-To: b@y\nReceived: from q\n" +
                               std::string(rest));
  const auto wire = take_text("Received: from q\r\nMessage-ID: <1@x>\r\nSubject: s\r\n\r\nbody\r\n");
  ASSERT_TRUE(first && later && wire);
  EXPECT_EQ(first->retry_key, later->retry_key);
  EXPECT_EQ(first->retry_key, wire->retry_key);
  const auto other = take_text(std::string(above) + std::string(rest) + "x");
  ASSERT_TRUE(other);
  EXPECT_NE(first->retry_key, other->retry_key);
}

TEST_F(PipeContent, WithCrlfStaysAsItIs) {
  const std::string message = "Subject: s\r\n\r\na\nb\rc\r\n";
  const auto taken = take_text(message);
  ASSERT_TRUE(taken);
  EXPECT_EQ(bytes(taken), message);
  EXPECT_TRUE(taken->crlf);
  EXPECT_EQ(taken->above, 0U);
}

TEST_F(PipeContent, LosesForgedCopiesOfOurHeader) {
  const auto taken = take_text("Subject: s\nX-Rastel: clean\nTo: b\n\nX-Rastel: in the body\n");
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->forged);
  EXPECT_EQ(bytes(taken), "Subject: s\r\nTo: b\r\n\r\nX-Rastel: in the body\r\n");
}

TEST_F(PipeContent, GetsItsLineEndsBack) {
  std::string message = "Subject: s\n\n";
  for (int i = 0; i < 20'000; ++i) message += std::string(static_cast<std::size_t>(i % 80), 'x') + "\n";
  message += "\r\rend\r";
  const auto taken = take_text(message);
  ASSERT_TRUE(taken);
  EXPECT_EQ(bytes(with_lf(*taken->message, root_)), message);
}

TEST_F(PipeContent, OfNothingIsAnEmptyMessage) { EXPECT_EQ(bytes(take_text("")), ""); }

TEST_F(PipeContent, MustBeAPlainFileThatCanBeRead) {
  EXPECT_EQ(bytes(take_path("/dev/null")), "the message is no file");
  EXPECT_EQ(bytes(take_path(root_)), "the message is no file");
  mkfifo((root_ / "fifo").c_str(), 0600);
  EXPECT_EQ(bytes(take_path(root_ / "fifo", O_RDWR)), "the message is no file");
  std::ofstream(root_ / "file") << "Subject: s\n\n";
  EXPECT_EQ(bytes(take_path(root_ / "file", O_WRONLY)), "the message can't be read");
  EXPECT_EQ(bytes(take_path(root_ / "file")), "Subject: s\r\n\r\n");
}

TEST_F(PipeContent, IsBounded) {
  const std::string crlf(100, '\r');
  EXPECT_EQ(bytes(take_text(crlf, 100)), crlf);
  EXPECT_EQ(bytes(take_text(crlf + "x", 100)), "the message is over engine.max_message");
  EXPECT_EQ(take_text(std::string(60, '\n'), 100).error().kind, ErrorKind::hostile_message);  // as it grows
}

// What it has less than it said nobody has looked at.
TEST_F(PipeContent, ThatIsShorterThanItSaidIsRefused) {
  const std::filesystem::path shorter = "/sys/kernel/mm/transparent_hugepage/enabled";
  std::error_code code;
  if (!std::filesystem::exists(shorter, code)) GTEST_SKIP() << "no " << shorter;
  EXPECT_EQ(bytes(take_path(shorter)), "the message was truncated");
}

TEST_F(PipeContent, KeepsThePositionOfItsOwner) {
  std::ofstream(root_ / "file") << "Subject: s\n\n";
  const FileDescriptor file(open((root_ / "file").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(lseek(file.get(), 3, SEEK_SET), 3);
  EXPECT_EQ(bytes(take(file, 100, root_)), "Subject: s\r\n\r\n");
  EXPECT_EQ(lseek(file.get(), 0, SEEK_CUR), 3);
}

}  // namespace
}  // namespace rastel::doors::pipe
