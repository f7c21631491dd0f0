#pragma once
// inotify(7) as constants that Swift can see.
#include <stdint.h>
#include <sys/inotify.h>

/// What a directory watch listens to; with IN_ONLYDIR and IN_EXCL_UNLINK.
extern const uint32_t LINUX_DIRECTORY_WATCH;

/// inotify_init1, non-blocking, close-on-exec.
int linux_inotify(void);
