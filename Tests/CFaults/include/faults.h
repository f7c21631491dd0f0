#pragma once

// Has the COMMIT of SQLite transactions fail, on the thread that says so. Only in tests.

// From now on each connection that this process opens asks before each COMMIT. Once in a process.
void faults_watch_commits(void);

// On this thread: so many COMMITs from now succeed, and so many after those fail. 0 failing ones: all succeed.
void faults_fail_commits(int after, int failing);

// COMMITs that failed on this thread since it began.
int faults_failed_commits(void);
