// SPDX-License-Identifier: GPL-2.0-only
// Memory that one process writes and others only read. Linux: a memory file, of whose later mappings none can
// be writable, whoever holds its descriptor; portable: an unnamed file of the temporary folder.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::os {

// A mapping; unmapped with this object.
class Mapping {
 public:
  Mapping() = default;
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;

  [[nodiscard]] std::span<std::byte> bytes() { return {static_cast<std::byte*>(start_), size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(start_), size_};
  }

 private:
  friend Result<Mapping> map_shared(int descriptor, std::size_t size, int protection);
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

struct SharedMemory {
  Mapping writable;          // zero-filled; takes up memory only where it is written
  FileDescriptor read_only;  // to hand out
};

[[nodiscard]] Result<SharedMemory> shared_memory(std::size_t size);
// The whole of what `descriptor` is open to, at most `maximum` bytes.
[[nodiscard]] Result<Mapping> map_read_only(int descriptor, std::size_t maximum);

}  // namespace rastel::os
