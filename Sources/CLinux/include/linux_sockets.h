#pragma once
// What the kernel says of other processes' sockets (sock_diag(7)).
#include <stdint.h>
#include <sys/types.h>

/// Whose the socket is at the other end of a connection from 127.0.0.1 to 127.0.0.1, by their ports.
/// @param user who made that socket.
/// Somebody has to listen at `to`: that tells whether the kernel can be asked at all.
/// @returns 0; -1 with ENOENT if there is no such socket that is connected, and with another errno if the kernel does not say.
int linux_loopback_user(uint16_t port, uint16_t to, uid_t *user);
