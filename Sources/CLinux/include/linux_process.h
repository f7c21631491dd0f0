#pragma once
// Children, signals, threads.
#include <stdint.h>
#include <sys/types.h>

/// How a child starts. Strings and arrays stay the caller's.
struct linux_spawn {
    const char *executable;       // absolute or relative path; no search
    char *const *arguments;       // NULL-terminated, [0] included
    char *const *environment;     // NULL-terminated; NULL: the parent's
    const char *directory;        // NULL: the parent's
    int standard_streams[3];      // descriptors to become 0, 1, 2; -1: /dev/null
    int new_session;              // setsid
    int new_group;                // setpgid(0, 0)
    int death_signal;             // sent when the *thread* that spawned it ends; 0: none
};

/// Forks and executes. All other descriptors are closed in the child, signals are at their defaults, none blocked.
/// @returns the pid, or -1 with errno of whatever failed, execve included.
pid_t linux_spawn(const struct linux_spawn *spawn);

/// The process's environment (environ), NULL-terminated.
char *const *linux_environment(void);

/// pidfd_open(2), close-on-exec.
int linux_pidfd(pid_t pid);

/// pipe2(2), close-on-exec: [0] reads, [1] writes.
int linux_pipe(int ends[2]);

/// Waits until the child has ended, without reaping it. Repeats when interrupted.
int linux_await_exit(pid_t pid);

/// prctl PR_SET_PDEATHSIG for this process.
int linux_die_with_parent(int signal);

/// From now on these signals write their number as one byte into `descriptor` (SA_RESTART), and SIGPIPE is ignored.
int linux_catch_signals(const int *signals, int count, int descriptor);

/// Makes the calling thread alone another user (all three ids, no capabilities left): for trying, as root, what an
/// ordinary user meets. The thread should end afterwards.
int linux_thread_become_user(uid_t user);

/// SIGPIPE is ignored.
void linux_ignore_sigpipe(void);

/// Starts a detached thread (8 MiB of address space for its stack) with all signals blocked.
/// @returns 0 or an errno value.
int linux_start_thread(const char *name, void (*body)(void *), void *context);

/// What the calling thread's reads and writes are worth to the disk's scheduler (ioprio_get(2)); -1 on error.
int linux_io_priority(void);
/// ioprio_set(2) for the calling thread. The idle class is served when nobody else wants the disk.
int linux_set_io_priority(int priority);
/// The idle class, as a priority.
int linux_io_priority_idle(void);

/// Few arenas for all threads: memory that one thread freed serves the others. At the start of a program.
void linux_keep_memory_small(void);
/// Lets go of the pages of code that this process has mapped: they stay in the page cache, and come back one by one as they are run.
void linux_drop_program_pages(void);
/// Gives free memory back to the system.
void linux_trim_memory(void);
