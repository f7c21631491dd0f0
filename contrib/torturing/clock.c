// A clock that is wrong, for programs that are started with it as LD_PRELOAD: WRONG_CLOCK="A B S" makes it wrong by A seconds
// and by B seconds in turn, S seconds long each. What only ever goes forward (CLOCK_MONOTONIC) stays right, and so do the
// times of the file system, which the kernel stamps. Sets no variable: Swift finds a program's arguments beside them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t wrong_by(void) {
    static long first, second, length = -1;
    if (length < 0) {
        const char *text = getenv("WRONG_CLOCK");
        long a = 0, b = 0, s = 0;
        if (!text || sscanf(text, "%ld %ld %ld", &a, &b, &s) != 3 || s < 1) a = b = 0, s = 1;
        first = a, second = b, length = s;
    }
    struct timespec up;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &up);
    return up.tv_sec / length % 2 ? second : first;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += wrong_by();
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec, time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
