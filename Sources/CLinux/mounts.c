#define _GNU_SOURCE
#include "linux_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 1
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

// struct mount_attr, which glibc and the kernel both declare.
struct attributes {
    uint64_t set, clear, propagation, userns;
};

static int set_attributes(const char *path, uint64_t set, uint64_t clear) {
    struct attributes attributes = {.set = set, .clear = clear};
    return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes);
}

static int put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = write(file, text, strlen(text));
    int code = errno;
    close(file);
    errno = code;
    return count < 0 ? -1 : 0;
}

// The same user inside, and nobody else.
static int enter_user_namespace(uid_t user, gid_t group) {
    char map[64];
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
    snprintf(map, sizeof map, "%u %u 1", user, user);
    if (put("/proc/self/setgroups", "deny") != 0 || put("/proc/self/uid_map", map) != 0) return -1;
    snprintf(map, sizeof map, "%u %u 1", group, group);
    return put("/proc/self/gid_map", map);
}

int linux_read_only_except(const char *const *writable, int count) {
    uid_t user = geteuid();
    gid_t group = getegid();
    if ((user == 0 ? unshare(CLONE_NEWNS) : enter_user_namespace(user, group)) != 0) return -1;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    for (int i = 0; i < count; i++)
        if (mount(writable[i], writable[i], NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
    if (set_attributes("/", MOUNT_ATTR_RDONLY, 0) != 0) return -1;
    for (int i = 0; i < count; i++)
        if (set_attributes(writable[i], 0, MOUNT_ATTR_RDONLY) != 0) return -1;
    return 0;
}
