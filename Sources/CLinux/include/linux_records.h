#pragma once
// Sockets on which each write arrives as one record, with who wrote it.
#include <stddef.h>
#include <sys/types.h>

/// socketpair(2), SOCK_SEQPACKET, close-on-exec: [0] reads, and is told who writes; [1] writes.
int linux_record_sockets(int ends[2]);

/// The next record, cut to `size` bytes. Repeats when interrupted.
/// @param writer the process that wrote it, by its number as the caller sees it; 0 if the kernel does not say.
/// @returns its length; 0 when nobody is left who could write.
ssize_t linux_read_record(int socket, void *bytes, size_t size, pid_t *writer);
