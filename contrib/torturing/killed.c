// Ends a program that is started with it as LD_PRELOAD, by SIGKILL: KILLED_BEFORE="NAME N", just before the N-th time that a
// program of that name does something of which others can tell whether it was done. Those are: it opens a connection, gives a
// file its name, takes a name away, asks something by HTTP, and lets itself have an answer that came through its own tunnel
// (who is ended there has asked, and never hears what was said).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void act(void) {
    static atomic_long done;
    char name[64];
    long last;
    const char *text = getenv("KILLED_BEFORE");
    if (!text || sscanf(text, "%63s %ld", name, &last) != 2 || strcmp(name, program_invocation_short_name)) return;
    if (atomic_fetch_add(&done, 1) + 1 != last) return;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

int connect(int file, __CONST_SOCKADDR_ARG address, socklen_t length) {
    int family = ((const struct sockaddr *)address.__sockaddr__)->sa_family;
    if (family == AF_INET || family == AF_INET6) act();
    return NEXT(connect)(file, address, length);
}

ssize_t send(int file, const void *bytes, size_t count, int flags) {
    static const char *const starts[] = {"GET /", "POST /", "HTTP/1.1 "};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t length = strlen(starts[i]);
        if (count >= length && !memcmp(bytes, starts[i], length)) act();
    }
    return NEXT(send)(file, bytes, count, flags);
}

int rename(const char *old, const char *new) {
    act();
    return NEXT(rename)(old, new);
}

int renameat(int from, const char *old, int to, const char *new) {
    act();
    return NEXT(renameat)(from, old, to, new);
}

int unlink(const char *path) {
    act();
    return NEXT(unlink)(path);
}
