// SPDX-License-Identifier: GPL-2.0-only
// Files that have no name. Linux calls with their portable fallback beside them (RASTEL_PORTABLE takes the
// fallback).
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::os {

// A read-write file of `folder` that nobody else can open; gone with its last descriptor.
[[nodiscard]] Result<FileDescriptor> unnamed_file(const std::filesystem::path& folder);

// The same file by a descriptor that can't write; the given one is closed.
[[nodiscard]] Result<FileDescriptor> reopen_read_only(FileDescriptor file);

// `bytes` as a memory file sealed against every change (Linux), or a read-only unnamed file of `folder`.
[[nodiscard]] Result<FileDescriptor> sealed_memory_file(std::string_view bytes,
                                                        const std::filesystem::path& folder);

[[nodiscard]] Result<> write_all(int descriptor, std::string_view bytes);

// The whole file, at most `maximum` bytes; more is invalid_input.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t maximum);

}  // namespace rastel::os
