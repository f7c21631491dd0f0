#include "linux_inotify.h"

const uint32_t LINUX_DIRECTORY_WATCH = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE
    | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;

int linux_inotify(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }
