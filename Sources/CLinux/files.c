#define _GNU_SOURCE
#include "linux_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static struct timespec time_of(struct statx_timestamp time) {
    return (struct timespec){.tv_sec = (time_t)time.tv_sec, .tv_nsec = (long)time.tv_nsec};
}

int linux_status(int directory, const char *name, struct stat *status, struct timespec *born) {
    struct statx found;
    int flags = AT_SYMLINK_NOFOLLOW | (name[0] == 0 ? AT_EMPTY_PATH : 0);
    if (statx(directory, name, flags, STATX_BASIC_STATS | STATX_BTIME, &found) != 0) return -1;
    memset(status, 0, sizeof *status);
    status->st_dev = makedev(found.stx_dev_major, found.stx_dev_minor);
    status->st_ino = found.stx_ino;
    status->st_mode = found.stx_mode;
    status->st_nlink = found.stx_nlink;
    status->st_uid = found.stx_uid;
    status->st_gid = found.stx_gid;
    status->st_size = (off_t)found.stx_size;
    status->st_mtim = time_of(found.stx_mtime);
    status->st_ctim = time_of(found.stx_ctime);
    *born = (found.stx_mask & STATX_BTIME) != 0 ? time_of(found.stx_btime) : (struct timespec){0};
    return 0;
}

const int LINUX_O_PATH = O_PATH;
const int LINUX_O_NOATIME = O_NOATIME;
const int LINUX_O_DIRECTORY = O_DIRECTORY;
const int LINUX_O_NOFOLLOW = O_NOFOLLOW;

int linux_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve) {
    struct open_how how = {.flags = (uint64_t)(unsigned)flags, .mode = mode, .resolve = resolve};
    // EAGAIN: something was renamed or mounted during a lookup that must stay beneath; the kernel asks to try again.
    for (int attempt = 0;; attempt++) {
        long descriptor = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (descriptor >= 0 || attempt >= 100 || (errno != EAGAIN && errno != EINTR)) return (int)descriptor;
    }
}

int linux_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to) {
    return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int linux_rename_exchange(int a_directory, const char *a, int b_directory, const char *b) {
    return renameat2(a_directory, a, b_directory, b, RENAME_EXCHANGE);
}

int linux_chmod_handle(int descriptor, mode_t mode) {
#ifdef SYS_fchmodat2
    long number = SYS_fchmodat2;
#else
    long number = 452; // the same on every architecture; Linux 6.6
#endif
    if (syscall(number, descriptor, "", mode, AT_EMPTY_PATH) == 0) return 0;
    if (errno != ENOSYS && errno != EINVAL && errno != EPERM) return -1;
    // A seccomp filter that does not know the call may say EPERM for it; the link of proc tells the truth.
    struct stat status;
    if (fstat(descriptor, &status) != 0) return -1;
    if (S_ISLNK(status.st_mode)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return chmod(link, mode);
}

static int set_mtime(int directory, const char *name, int flags, int64_t seconds, long nanoseconds) {
    // The time of access is set as it is: of a modification time alone the kernel tells watchers as of a write, and whoever waits for the
    // writer to close the file waits for nothing.
    struct stat now;
    if (fstatat(directory, name, &now, flags) != 0) return -1;
    struct timespec times[2] = {now.st_atim, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return utimensat(directory, name, times, flags);
}

int linux_set_mtime_handle(int descriptor, int64_t seconds, long nanoseconds) {
    return set_mtime(descriptor, "", AT_EMPTY_PATH, seconds, nanoseconds);
}

int linux_set_mtime_entry(int directory, const char *name, int64_t seconds, long nanoseconds) {
    return set_mtime(directory, name, AT_SYMLINK_NOFOLLOW, seconds, nanoseconds);
}

int linux_lease_take(int descriptor) {
    if (fcntl(descriptor, F_SETSIG, SIGURG) != 0) return -1;
    return fcntl(descriptor, F_SETLEASE, F_RDLCK);
}

int linux_lease_stands(int descriptor) { return fcntl(descriptor, F_GETLEASE) == F_RDLCK; }

int linux_lease_release(int descriptor) { return fcntl(descriptor, F_SETLEASE, F_UNLCK); }

int linux_clone_file(int to, int from) { return ioctl(to, FICLONE, from); }

int linux_clone_range(int to, int64_t to_offset, int from, int64_t from_offset, int64_t count) {
    struct file_clone_range range = {
        .src_fd = from, .src_offset = from_offset, .src_length = count, .dest_offset = to_offset};
    return ioctl(to, FICLONERANGE, &range);
}

void linux_begin_writing(int descriptor, int64_t offset, int64_t count) {
    sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

ssize_t linux_copy_range(int from, int64_t from_offset, int to, int64_t to_offset, size_t count) {
    off64_t in = from_offset, out = to_offset;
    return copy_file_range(from, &in, to, &out, count, 0);
}

int linux_reserve(int descriptor, int64_t bytes) { return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, bytes); }

int64_t linux_next_data(int descriptor, int64_t from) { return lseek64(descriptor, from, SEEK_DATA); }

int64_t linux_next_hole(int descriptor, int64_t from) { return lseek64(descriptor, from, SEEK_HOLE); }

const char *linux_errno_name(int code) { return strerrorname_np(code); }

int linux_sync_file_system(int descriptor) { return syncfs(descriptor); }

int linux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int linux_eventfd(int nonblocking) { return eventfd(0, EFD_CLOEXEC | (nonblocking ? EFD_NONBLOCK : 0)); }

int linux_readable_bytes(int descriptor, int *count) { return ioctl(descriptor, FIONREAD, count); }

void linux_random(void *buffer, size_t count) {
    uint8_t *bytes = buffer;
    while (count > 0) {
        ssize_t filled = getrandom(bytes, count, 0);
        if (filled < 0) continue; // EINTR; nothing else is possible with flags 0
        bytes += filled;
        count -= (size_t)filled;
    }
}

int linux_chown_handle(int descriptor, uid_t owner, gid_t group) {
    return fchownat(descriptor, "", owner, group, AT_EMPTY_PATH);
}
