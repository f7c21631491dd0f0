#pragma once
// What the kernel says of other processes' sockets (sock_diag(7)).
#include <stdint.h>
#include <sys/types.h>

/// Whose the socket is at the other end of a connection from 127.0.0.1 to 127.0.0.1, by their ports.
/// @param user who made that socket.
/// Somebody has to listen at `to`: that tells whether the kernel can be asked at all.
/// @returns 0; -1 with ENOENT if there is no such socket that is connected, and with another errno if the kernel does not say.
int linux_loopback_user(uint16_t port, uint16_t to, uid_t *user);

/// How many of the bytes sent on a connection over TCP have been taken at its other end: read by its program, where both ends are
/// 127.0.0.1 and the kernel says it; else, acknowledged by its kernel. Only good to be compared with what it was before.
/// @returns 0; -1 with errno where nobody counts (another kind of socket).
int linux_taken(int descriptor, uint64_t *bytes);
