#pragma once
// What Linux offers and Glibc's module does not show: one header per topic, gathered here.
// Every function sets errno and returns -1 as its system call does, unless it says otherwise.
#include "linux_files.h"
#include "linux_inotify.h"
#include "linux_landlock.h"
#include "linux_process.h"
#include "linux_records.h"
#include "linux_mounts.h"
#include "linux_sessions.h"
#include "linux_sockets.h"
