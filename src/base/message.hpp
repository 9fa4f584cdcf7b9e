// SPDX-License-Identifier: GPL-2.0-only
// Message: the immutable bytes of one mail. Up to 256 KiB (`memory_limit`) a sealed memory file, beyond that
// an unnamed file (O_TMPFILE) of the spool folder, reopened read-only and never written again; so its
// descriptor can be handed to a confined worker, and nobody can change or truncate it under a reader. It
// never has a path, and dies with its last descriptor, whatever kills us (PROTOCOLS X-18). Portable fallback
// (no memfd/O_TMPFILE): a file created O_EXCL 0600 in the spool folder, unlinked at once. Thread-safe once
// built; MessageWriter belongs to one thread at a time. write() may block on the disk beyond memory_limit:
// page-cache writes only, never fsync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/sha256.hpp"

namespace rastel {

class Message {
 public:
  static constexpr std::size_t memory_limit = 256 * 1024;  // bytes

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const Digest& digest() const { return digest_; }  // SHA-256 of all bytes
  // Read-only; owned by the message. Its file position is shared: use read_at() (pread).
  [[nodiscard]] int descriptor() const { return file_.get(); }
  // Up to `length` bytes at `offset`; shorter only at the end.
  [[nodiscard]] Result<std::string> read_at(std::uint64_t offset, std::size_t length) const;

 private:
  friend class MessageWriter;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  Digest digest_;
};

// Shared: the door, the scan that outlives its reply, and the store may hold the same message.
using MessagePointer = std::shared_ptr<const Message>;

class MessageWriter {
 public:
  // `maximum`: bytes after which write() answers hostile_message.
  MessageWriter(std::filesystem::path spool_folder, std::uint64_t maximum);
  [[nodiscard]] Result<> write(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Result<MessagePointer> finish();  // once; seals

 private:
  [[nodiscard]] Result<> flush();
  [[nodiscard]] Result<> spill();

  std::filesystem::path spool_folder_;
  std::uint64_t maximum_;
  std::uint64_t size_ = 0;
  std::string buffer_;   // at most memory_limit until spilled, then at most one block
  FileDescriptor file_;  // set once spilled
  Sha256 hash_;
};

[[nodiscard]] Result<MessagePointer> message_from_bytes(std::string_view bytes,
                                                        const std::filesystem::path& spool_folder);

}  // namespace rastel
