#define _GNU_SOURCE
#include "linux_landlock.h"

#include <linux/landlock.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int linux_landlock_abi(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

// struct landlock_ruleset_attr as of ABI 6; Debian 12's header has the first field only. An older kernel takes the longer one as long as
// what it does not know is zero (copy_struct_from_user).
struct ruleset {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

int linux_landlock_create_ruleset(uint64_t files, uint64_t network, uint64_t scopes) {
    struct ruleset attributes = {.handled_access_fs = files, .handled_access_net = network, .scoped = scopes};
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
}

int linux_landlock_allow(int ruleset, int descriptor, uint64_t allowed_access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = allowed_access, .parent_fd = descriptor};
    return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int linux_landlock_restrict_self(int ruleset) { return (int)syscall(SYS_landlock_restrict_self, ruleset, 0); }

int linux_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
