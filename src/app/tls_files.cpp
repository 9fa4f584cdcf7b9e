// SPDX-License-Identifier: GPL-2.0-only
#include "app/tls_files.hpp"

#include <sys/stat.h>

#include "base/os/file.hpp"
#include "base/utf8.hpp"
#include "doors/smtp/tls.hpp"

namespace rastel {
namespace {

constexpr std::size_t largest_file = 1 << 20;  // bytes; the roots of a whole system are a quarter of it

void remark_on_key(const std::string& door, const std::string& path, std::vector<std::string>& remarks) {
  struct stat status{};
  if (!path.empty() && stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0)
    remarks.push_back("door \"" + door + "\": everybody on this machine may read or change the key " + path +
                      ": chmod 600");
}

}  // namespace

Result<TlsFiles> read_tls_files(const Configuration& configuration) {
  TlsFiles files;
  const auto read = [&](const std::string& path) -> Result<std::string> {
    RASTEL_TRY(std::string bytes, os::read_file(path, largest_file));
    files.bytes.insert_or_assign(path, bytes);
    return bytes;
  };
  for (const SmtpDoorOptions& door : configuration.door.smtp) {
    const auto loaded = doors::smtp::load_tls(door, read, files.remarks);
    if (!loaded) return fail(loaded.error().kind, printable(loaded.error().what));
    if (door.tls.mode == DoorTlsMode::none) continue;
    remark_on_key(door.name, door.tls.key, files.remarks);
    for (const DoorCertificateOptions& more : door.certificates)
      remark_on_key(door.name, more.key, files.remarks);
  }
  for (std::string& remark : files.remarks) remark = printable(remark);
  return files;
}

}  // namespace rastel
