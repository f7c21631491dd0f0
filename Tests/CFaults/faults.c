#include "faults.h"

#include <sqlite3.h>

static _Thread_local int succeeding;
static _Thread_local int failing;
static _Thread_local int failed;

// https://www.sqlite.org/c3ref/commit_hook.html: what is not 0 turns the COMMIT into a ROLLBACK.
static int before_commit(void *unused) {
    (void)unused;
    if (failing == 0) return 0;
    if (succeeding > 0) {
        succeeding--;
        return 0;
    }
    failing--;
    failed++;
    return 1;
}

static int begin(sqlite3 *database, char **message, const void *api) {
    (void)message;
    (void)api;
    sqlite3_commit_hook(database, before_commit, 0);
    return SQLITE_OK;
}

void faults_watch_commits(void) { sqlite3_auto_extension((void (*)(void))begin); }

void faults_fail_commits(int after, int count) {
    succeeding = after;
    failing = count;
}

int faults_failed_commits(void) { return failed; }
