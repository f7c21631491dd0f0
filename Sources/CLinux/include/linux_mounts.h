#pragma once
// mount_namespaces(7): a process sees a file system of its own.

/// From now on the process (which must have one thread) sees every mount read-only, except what lies below these directories. Needs
/// root or user namespaces; the user stays the same. On failure part of it may have been done: nothing was made more permissive.
/// @returns 0, or -1 with errno.
int linux_read_only_except(const char *const *writable, int count);
