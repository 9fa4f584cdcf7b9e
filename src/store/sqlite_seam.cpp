// SPDX-License-Identifier: GPL-2.0-only
#include "store/sqlite_seam.hpp"

#include <cerrno>
#include <utility>

#include <sqlite3.h>

namespace rastel::store {

namespace {

// Followed in the same allocation by the real VFS's own file structure.
struct SeamFile {
  sqlite3_file base;
  sqlite3_file* real;
  SqliteObserver* observer;
  const char* path;      // SQLite keeps it until xClose; null: a temporary file, not observed
  bool folder_sync_due;  // a new journal or WAL: the unix VFS fsyncs its folder at the first xSync
};

SeamFile* seam(sqlite3_file* file) { return reinterpret_cast<SeamFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return seam(file)->real; }

int ask(sqlite3_file* file, SqliteOperation operation) {
  return seam(file)->path == nullptr ? 0 : seam(file)->observer->before(operation, seam(file)->path);
}

int tell(sqlite3_file* file, SqliteOperation operation, int result) {
  if (result == SQLITE_OK && seam(file)->path != nullptr)
    seam(file)->observer->after(operation, seam(file)->path);
  return result;
}

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int read_file(sqlite3_file* file, void* bytes, int length, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), bytes, length, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int length, sqlite3_int64 offset) {
  if (const int number = ask(file, SqliteOperation::write); number != 0) {
    // Torn: half of it is there.
    if (length > 1) (void)real(file)->pMethods->xWrite(real(file), bytes, length / 2, offset);
    return number == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  return tell(file, SqliteOperation::write, real(file)->pMethods->xWrite(real(file), bytes, length, offset));
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (ask(file, SqliteOperation::truncate) != 0) return SQLITE_IOERR_TRUNCATE;
  return tell(file, SqliteOperation::truncate, real(file)->pMethods->xTruncate(real(file), size));
}

// The observer decides what is durable; the disk below isn't waited for.
int sync_file(sqlite3_file* file, int) {
  if (ask(file, SqliteOperation::sync) != 0) return SQLITE_IOERR_FSYNC;
  if (std::exchange(seam(file)->folder_sync_due, false) && seam(file)->path != nullptr) {
    const std::filesystem::path folder = std::filesystem::path(seam(file)->path).parent_path();
    seam(file)->observer->after(SqliteOperation::sync_folder, folder);
  }
  return tell(file, SqliteOperation::sync, SQLITE_OK);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock_file(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

int control_file(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }

int shared_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
}
int shared_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shared_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shared_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2: without xFetch, so that nothing is written through a memory map past us.
const sqlite3_io_methods methods = {
    2,           close_file,     read_file,    write_file,   truncate_file, sync_file,       file_size,
    lock_file,   unlock_file,    check_lock,   control_file, sector_size,   characteristics, shared_map,
    shared_lock, shared_barrier, shared_unmap, nullptr,      nullptr,
};

struct Context {
  sqlite3_vfs* real = nullptr;
  SqliteObserver* observer = nullptr;
};

const Context& context(sqlite3_vfs* vfs) { return *static_cast<const Context*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  const Context& ours = context(vfs);
  SeamFile* opened = seam(file);
  opened->base.pMethods = nullptr;
  opened->real = reinterpret_cast<sqlite3_file*>(opened + 1);
  opened->observer = ours.observer;
  opened->path = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 ? nullptr : path;
  const bool may_create = (flags & SQLITE_OPEN_CREATE) != 0;
  const int journals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  opened->folder_sync_due = may_create && (flags & journals) != 0;
  if (may_create && ask(file, SqliteOperation::open) != 0) return SQLITE_CANTOPEN;
  const int result = ours.real->xOpen(ours.real, path, opened->real, flags, flags_out);
  // A real file with methods must be closed even after a failed open.
  if (opened->real->pMethods != nullptr) opened->base.pMethods = &methods;
  return may_create ? tell(file, SqliteOperation::open, result) : result;
}

int remove_file(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  const Context& ours = context(vfs);
  if (ours.observer->before(SqliteOperation::remove, path) != 0) return SQLITE_IOERR_DELETE;
  const int result = ours.real->xDelete(ours.real, path, 0);
  if (result != SQLITE_OK) return result;
  ours.observer->after(SqliteOperation::remove, path);
  if (sync_folder != 0)
    ours.observer->after(SqliteOperation::sync_folder, std::filesystem::path(path).parent_path());
  return result;
}

// Passed on with the real VFS, which looks at its own pAppData.
int access_file(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  return context(vfs).real->xAccess(context(vfs).real, path, flags, out);
}
int full_path(sqlite3_vfs* vfs, const char* path, int length, char* out) {
  return context(vfs).real->xFullPathname(context(vfs).real, path, length, out);
}
int randomness(sqlite3_vfs* vfs, int length, char* out) {
  return context(vfs).real->xRandomness(context(vfs).real, length, out);
}
int sleep_for(sqlite3_vfs* vfs, int microseconds) {
  return context(vfs).real->xSleep(context(vfs).real, microseconds);
}
int current_time(sqlite3_vfs* vfs, double* out) {
  return context(vfs).real->xCurrentTime(context(vfs).real, out);
}
int last_error(sqlite3_vfs* vfs, int length, char* out) {
  return context(vfs).real->xGetLastError(context(vfs).real, length, out);
}

}  // namespace

struct SqliteSeam::Vfs {
  sqlite3_vfs vfs{};
  Context context;
  std::string name;
};

SqliteSeam::SqliteSeam(std::string name, SqliteObserver& observer) : vfs_(std::make_unique<Vfs>()) {
  vfs_->name = std::move(name);
  vfs_->context.real = sqlite3_vfs_find(nullptr);
  vfs_->context.observer = &observer;
  sqlite3_vfs& vfs = vfs_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(SeamFile)) + vfs_->context.real->szOsFile;
  vfs.mxPathname = vfs_->context.real->mxPathname;
  vfs.zName = vfs_->name.c_str();
  vfs.pAppData = &vfs_->context;
  vfs.xOpen = open_file;
  vfs.xDelete = remove_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep_for;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  sqlite3_vfs_register(&vfs, 0);
}

SqliteSeam::~SqliteSeam() { sqlite3_vfs_unregister(&vfs_->vfs); }

const char* SqliteSeam::name() const { return vfs_->name.c_str(); }

}  // namespace rastel::store
