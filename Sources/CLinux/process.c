#define _GNU_SOURCE
#include "linux_process.h"

#include <errno.h>
#include <malloc.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

char *const *linux_environment(void) { return environ; }

// From here to execve only async-signal-safe calls: another thread may have held any lock at the fork.

static void child_fail(int report) {
    int code = errno;
    ssize_t ignored = write(report, &code, sizeof code);
    (void)ignored;
    _exit(127);
}

static void child_reset_signals(void) {
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_take_streams(const int streams[3]) {
    int moved[3];
    for (int i = 0; i < 3; i++) {
        int source = streams[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : streams[i];
        // Above 2, so that no dup2 below overwrites one that is still needed.
        if (source < 0 || (moved[i] = fcntl(source, F_DUPFD_CLOEXEC, 3)) < 0) return -1;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(moved[i], i) < 0) return -1;
    return 0;
}

static void child(const struct linux_spawn *spawn, pid_t parent, int report) {
    child_reset_signals();
    if (spawn->death_signal) {
        if (prctl(PR_SET_PDEATHSIG, spawn->death_signal) != 0) child_fail(report);
        if (getppid() != parent) _exit(127); // it died before the line above
    }
    if (spawn->new_session && setsid() < 0) child_fail(report);
    if (spawn->new_group && !spawn->new_session && setpgid(0, 0) != 0) child_fail(report);
    if (child_take_streams(spawn->standard_streams) != 0) child_fail(report);
    if (spawn->directory && chdir(spawn->directory) != 0) child_fail(report);
    syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC; before Linux 5.11 what we opened is so anyway */);
    execve(spawn->executable, spawn->arguments, spawn->environment ? spawn->environment : environ);
    child_fail(report);
}

pid_t linux_spawn(const struct linux_spawn *spawn) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    // The report must not be in the way of the standard streams.
    int writer = fcntl(report[1], F_DUPFD_CLOEXEC, 3);
    close(report[1]);
    if (writer < 0) {
        close(report[0]);
        return -1;
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) child(spawn, parent, writer);
    int code = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(writer);
    if (pid > 0) {
        ssize_t count;
        int failure = 0;
        do count = read(report[0], &failure, sizeof failure);
        while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof failure) {
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
            code = failure;
            pid = -1;
        }
    }
    close(report[0]);
    errno = code;
    return pid;
}

int linux_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int linux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int linux_await_exit(pid_t pid) {
    siginfo_t info;
    int result;
    do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    while (result != 0 && errno == EINTR);
    return result;
}

int linux_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

static volatile int signal_pipe = -1;

static void on_signal(int signal) {
    int before = errno;
    unsigned char number = (unsigned char)signal;
    ssize_t ignored = write(signal_pipe, &number, 1);
    (void)ignored;
    errno = before;
}

int linux_catch_signals(const int *signals, int count, int descriptor) {
    linux_ignore_sigpipe();
    signal_pipe = descriptor;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    for (int i = 0; i < count; i++)
        if (sigaction(signals[i], &action, NULL) != 0) return -1;
    return 0;
}

// The C library's setresuid would change all threads.
int linux_thread_become_user(uid_t user) { return (int)syscall(SYS_setresuid, user, user, user); }

void linux_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

struct start {
    void (*body)(void *);
    void *context;
    char name[16];
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.context);
    return NULL;
}

int linux_start_thread(const char *name, void (*body)(void *), void *context) {
    struct start *start = calloc(1, sizeof *start);
    if (!start) return ENOMEM;
    start->body = body;
    start->context = context;
    strncpy(start->name, name, sizeof start->name - 1);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 8u << 20);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int code = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (code != 0) free(start);
    return code;
}

void linux_keep_memory_small(void) { mallopt(M_ARENA_MAX, 2); }

void linux_trim_memory(void) { malloc_trim(0); }

void linux_drop_program_pages(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) return;
    char line[4608];
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char access[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, access) != 3) continue;
        // Code alone: it is never written to, so that every page of it is in the file. Constants that the loader relocated are not.
        if (strcmp(access, "r-xp") != 0 || !strchr(line, '/')) continue;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    fclose(maps);
}

// glibc has no wrappers, and linux/ioprio.h no promise: the kernel's numbers.
enum { IO_PRIORITY_WHO_PROCESS = 1, IO_PRIORITY_CLASS_SHIFT = 13, IO_PRIORITY_CLASS_IDLE = 3 };

int linux_io_priority(void) { return (int)syscall(SYS_ioprio_get, IO_PRIORITY_WHO_PROCESS, 0); }

int linux_set_io_priority(int priority) { return (int)syscall(SYS_ioprio_set, IO_PRIORITY_WHO_PROCESS, 0, priority); }

int linux_io_priority_idle(void) { return IO_PRIORITY_CLASS_IDLE << IO_PRIORITY_CLASS_SHIFT; }
