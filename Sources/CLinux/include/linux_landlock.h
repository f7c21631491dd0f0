#pragma once
// Landlock(7): a process confines itself to parts of the file system, and has no network and nobody to signal.
#include <stdint.h>

// LANDLOCK_ACCESS_FS_*; TRUNCATE is newer than Debian 12's header.
#define LINUX_LANDLOCK_EXECUTE (1ull << 0)
#define LINUX_LANDLOCK_WRITE_FILE (1ull << 1)
#define LINUX_LANDLOCK_READ_FILE (1ull << 2)
#define LINUX_LANDLOCK_READ_DIR (1ull << 3)
#define LINUX_LANDLOCK_REMOVE_DIR (1ull << 4)
#define LINUX_LANDLOCK_REMOVE_FILE (1ull << 5)
#define LINUX_LANDLOCK_MAKE_CHAR (1ull << 6)
#define LINUX_LANDLOCK_MAKE_DIR (1ull << 7)
#define LINUX_LANDLOCK_MAKE_REG (1ull << 8)
#define LINUX_LANDLOCK_MAKE_SOCK (1ull << 9)
#define LINUX_LANDLOCK_MAKE_FIFO (1ull << 10)
#define LINUX_LANDLOCK_MAKE_BLOCK (1ull << 11)
#define LINUX_LANDLOCK_MAKE_SYM (1ull << 12)
#define LINUX_LANDLOCK_REFER (1ull << 13)     // ABI 2
#define LINUX_LANDLOCK_TRUNCATE (1ull << 14)  // ABI 3
#define LINUX_LANDLOCK_IOCTL_DEV (1ull << 15) // ABI 5

// LANDLOCK_ACCESS_NET_*, ABI 4.
#define LINUX_LANDLOCK_BIND_TCP (1ull << 0)
#define LINUX_LANDLOCK_CONNECT_TCP (1ull << 1)

// LANDLOCK_SCOPE_*, ABI 6: towards processes that are not confined so.
#define LINUX_LANDLOCK_SCOPE_ABSTRACT_SOCKET (1ull << 0)
#define LINUX_LANDLOCK_SCOPE_SIGNAL (1ull << 1)

/// The ABI of this kernel, 1 and up; -1 (ENOSYS, EOPNOTSUPP) where Landlock is missing or switched off.
int linux_landlock_abi(void);

/// A new ruleset (close-on-exec descriptor) that forbids these kinds of access unless a rule allows them, and what the scopes name. What
/// the kernel's ABI does not know must not be among them.
int linux_landlock_create_ruleset(uint64_t files, uint64_t network, uint64_t scopes);

/// Allows kinds of access below what `descriptor` (O_PATH) names. On a file, only those that apply to files.
int linux_landlock_allow(int ruleset, int descriptor, uint64_t allowed_access);

/// Confines the calling thread and what it will execute. Wants linux_no_new_privileges() (or CAP_SYS_ADMIN) first.
int linux_landlock_restrict_self(int ruleset);

/// prctl PR_SET_NO_NEW_PRIVS.
int linux_no_new_privileges(void);
