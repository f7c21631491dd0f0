#define _GNU_SOURCE
#include "linux_sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// A socket's path has 107 bytes at most; this one is short wherever the directory lies.
static struct sockaddr_un address_below(int directory, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
    return address;
}

static int close_keeping_errno(int descriptor) {
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}

int linux_listen_for_records(int directory, const char *name) {
    struct sockaddr_un address = address_below(directory, name);
    if (unlinkat(directory, name, 0) != 0 && errno != ENOENT) return -1;
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -1;
    // Linux gives the file the mode of the unbound socket, so it never exists with another one (unix_bind_bsd).
    if (fchmod(listener, 0600) != 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 128) != 0)
        return close_keeping_errno(listener);
    return listener;
}

int linux_connect_for_records(int directory, const char *name) {
    struct sockaddr_un address = address_below(directory, name);
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connection < 0) return -1;
    // A full queue of one who does not answer: not for ever. What is written later may take its time.
    struct timeval limit = {.tv_sec = 2}, none = {0};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) return close_keeping_errno(connection);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
    return connection;
}

int linux_accept_for_records(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int linux_peer(int connection, pid_t *process, uid_t *user) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
    *process = peer.pid;
    *user = peer.uid;
    return 0;
}
