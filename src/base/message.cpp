// SPDX-License-Identifier: GPL-2.0-only
#include "base/message.hpp"

#include <cerrno>

#include <unistd.h>

#include "base/os/file.hpp"

namespace rastel {
namespace {

constexpr std::size_t block = 64 * 1024;

}  // namespace

Result<std::string> Message::read_at(std::uint64_t offset, std::size_t length) const {
  if (offset >= size_) return std::string();
  if (length > size_ - offset) length = static_cast<std::size_t>(size_ - offset);
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got =
        pread(file_.get(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "can't read a spooled message");
    if (got == 0) return fail(ErrorKind::ours, "a spooled message is shorter than it was written");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

MessageWriter::MessageWriter(std::filesystem::path spool_folder, std::uint64_t maximum)
    : spool_folder_(std::move(spool_folder)), maximum_(maximum) {}

Result<> MessageWriter::write(std::string_view bytes) {
  if (bytes.size() > maximum_ - size_)
    return fail(ErrorKind::hostile_message, "the message is over the size limit");
  hash_.update(bytes);
  size_ += bytes.size();
  if (!file_ && buffer_.size() + bytes.size() > Message::memory_limit) RASTEL_CHECK(spill());
  if (file_ && bytes.size() >= block) {
    RASTEL_CHECK(flush());
    return os::write_all(file_.get(), bytes);
  }
  buffer_ += bytes;
  if (file_ && buffer_.size() >= block) return flush();
  return {};
}

Result<> MessageWriter::flush() {
  RASTEL_CHECK(os::write_all(file_.get(), buffer_));
  buffer_.clear();
  return {};
}

Result<> MessageWriter::spill() {
  RASTEL_TRY(file_, os::unnamed_file(spool_folder_));
  RASTEL_CHECK(flush());
  buffer_.shrink_to_fit();
  return {};
}

Result<MessagePointer> MessageWriter::finish() {
  auto message = std::make_shared<Message>();
  message->size_ = size_;
  message->digest_ = hash_.finish();
  if (file_) {
    RASTEL_CHECK(flush());
    RASTEL_TRY(message->file_, os::reopen_read_only(std::move(file_)));
  } else {
    RASTEL_TRY(message->file_, os::sealed_memory_file(buffer_, spool_folder_));
  }
  std::string().swap(buffer_);  // an assignment would keep its memory
  return message;
}

Result<MessagePointer> message_from_bytes(std::string_view bytes, const std::filesystem::path& spool_folder) {
  MessageWriter writer(spool_folder, bytes.size());
  RASTEL_CHECK(writer.write(bytes));
  return writer.finish();
}

}  // namespace rastel
