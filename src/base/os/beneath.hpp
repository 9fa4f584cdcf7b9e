// SPDX-License-Identifier: GPL-2.0-only
// Opens what lies beneath a folder, for paths that somebody else names: no step of the path is a link, none
// leads out, and what is neither a file nor a folder is never opened (to open a device may do something, a
// FIFO waits). Linux: openat2; elsewhere, and on kernels without it, component by component. Any thread; may
// block on the disk.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.hpp"

namespace rastel::os {

enum class FileKind : std::uint8_t { regular, folder, link, other };

struct OpenedFile {
  FileKind kind = FileKind::other;
  FileDescriptor file;  // for reading; none of a link or what is neither a file nor a folder
};

// A folder to look beneath. Its own path may lead over links: it is the operator's. Else errno.
[[nodiscard]] std::expected<FileDescriptor, int> open_folder(const std::filesystem::path& path);

// `path`: relative, parted by '/'; empty: the folder itself. A component ".." is EXDEV. Else errno.
[[nodiscard]] std::expected<OpenedFile, int> open_beneath(const FileDescriptor& folder,
                                                          std::string_view path);

// The names in a folder that open_beneath() has opened, sorted; at most `most`: E2BIG. Else errno.
[[nodiscard]] std::expected<std::vector<std::string>, int> names_in(FileDescriptor folder, std::size_t most);

}  // namespace rastel::os
