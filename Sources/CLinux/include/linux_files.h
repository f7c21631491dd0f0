#pragma once
// Opening below a directory, renaming with flags, leases, clones, syncing.
#include <stdint.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <time.h>

// RESOLVE_* of openat2(2).
#define LINUX_RESOLVE_NO_XDEV 0x01u
#define LINUX_RESOLVE_NO_MAGICLINKS 0x02u
#define LINUX_RESOLVE_NO_SYMLINKS 0x04u
#define LINUX_RESOLVE_BENEATH 0x08u

// Bits of open(2) that depend on _GNU_SOURCE or on the architecture.
extern const int LINUX_O_PATH;
extern const int LINUX_O_NOATIME;
extern const int LINUX_O_DIRECTORY;
extern const int LINUX_O_NOFOLLOW;

/// What statx(2) tells of an entry, or with the name "" of what the descriptor names; never follows a symlink.
/// `born` is when the inode was made, all 0 where the file system does not say.
int linux_status(int directory, const char *name, struct stat *status, struct timespec *born);

/// openat2(2).
int linux_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve);

/// renameat2(2) with RENAME_NOREPLACE.
int linux_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to);

/// renameat2(2) with RENAME_EXCHANGE.
int linux_rename_exchange(int a_directory, const char *a, int b_directory, const char *b);

/// chmod of what a descriptor names, also one opened with O_PATH; never follows a symlink.
int linux_chmod_handle(int descriptor, mode_t mode);

/// chown of what a descriptor names, also one opened with O_PATH; -1 leaves owner or group as it is.
int linux_chown_handle(int descriptor, uid_t owner, gid_t group);

/// Sets the modification time (not the access time) of what a descriptor names, also one opened with O_PATH.
int linux_set_mtime_handle(int descriptor, int64_t seconds, long nanoseconds);

/// Sets the modification time of an entry without following a symlink.
int linux_set_mtime_entry(int directory, const char *name, int64_t seconds, long nanoseconds);

/// Asks for a read lease (F_SETLEASE, F_RDLCK). EAGAIN: a writer has the file open. EACCES: not the owner, no CAP_LEASE.
/// When it is broken, SIGURG (ignored by default) is sent instead of SIGIO, which would end the process.
int linux_lease_take(int descriptor);

/// 1 while the lease stands, 0 once a writer waits for it.
int linux_lease_stands(int descriptor);

/// Gives the lease back; a waiting writer goes on.
int linux_lease_release(int descriptor);

/// ioctl FICLONE: the whole of `from` shared into `to`.
int linux_clone_file(int to, int from);

/// ioctl FICLONERANGE: whole blocks of `from` shared into `to`.
int linux_clone_range(int to, int64_t to_offset, int from, int64_t from_offset, int64_t count);

/// sync_file_range(2): the disk begins to write this, and nobody waits.
void linux_begin_writing(int descriptor, int64_t offset, int64_t count);

/// copy_file_range(2) at offsets.
ssize_t linux_copy_range(int from, int64_t from_offset, int to, int64_t to_offset, size_t count);

/// fallocate(2) with FALLOC_FL_KEEP_SIZE from the start.
int linux_reserve(int descriptor, int64_t bytes);

/// lseek(2) with SEEK_DATA: where the next data begins, -1 with ENXIO if there is none.
int64_t linux_next_data(int descriptor, int64_t from);

/// lseek(2) with SEEK_HOLE: where the next hole begins, or the end of the file.
int64_t linux_next_hole(int descriptor, int64_t from);

/// The name of an errno value ("ENOSPC"), NULL if it has none.
const char *linux_errno_name(int code);

/// syncfs(2).
int linux_sync_file_system(int descriptor);

/// A file in memory that nobody else can name (memfd_create, close-on-exec).
int linux_memory_file(const char *name);

/// eventfd(2), non-blocking if asked, close-on-exec.
int linux_eventfd(int nonblocking);

/// FIONREAD: bytes that wait to be read.
int linux_readable_bytes(int descriptor, int *count);

/// Fills a buffer with randomness of the kernel; never fails.
void linux_random(void *buffer, size_t count);
