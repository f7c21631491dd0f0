#pragma once
// Unix sockets that keep records apart (SOCK_SEQPACKET), found below a directory handle: the length of its path does not matter.
#include <sys/types.h>

/// Listens under a name in a directory, mode 0600; what had the name is removed. Non-blocking, close-on-exec.
int linux_listen_for_records(int directory, const char *name);

/// Connects to whoever listens there, within two seconds. Blocking, close-on-exec.
int linux_connect_for_records(int directory, const char *name);

/// Somebody who has connected; EAGAIN if nobody has. Non-blocking, close-on-exec.
int linux_accept_for_records(int listener);

/// The process that connected, and its user.
int linux_peer(int connection, pid_t *process, uid_t *user);
