#pragma once
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* The macros hide a cast between function and object pointers, which Swift cannot write. */
static inline void synchub_ssh_set_io(
    LIBSSH2_SESSION *session, void *context,
    LIBSSH2_SEND_FUNC((*send)), LIBSSH2_RECV_FUNC((*receive))) {
    *libssh2_session_abstract(session) = context;
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
}

/* The constants of socket types are enumerators, which Swift imports as a type of their own. */
static inline int synchub_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static inline int synchub_socket_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static inline int synchub_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* No delay for small packets, and the kernel's own detection of a peer that is gone, in seconds. */
static inline void synchub_tune_tcp(int fd, int idle, int interval, int count) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

/* Names the calling thread; the kernel keeps 15 bytes. */
static inline void synchub_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
