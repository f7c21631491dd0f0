#define _GNU_SOURCE
#include "linux_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// TCP_ESTABLISHED of netinet/tcp.h, which does not go together with linux/tcp.h.
enum { established = 1 };

static int is_connected(const struct inet_diag_msg *found, uint16_t port, uint16_t to) {
    return found->id.idiag_sport == htons(port) && found->id.idiag_dport == htons(to)
        && found->idiag_state == established && found->idiag_inode != 0;
}

// The socket of 127.0.0.1:port that is connected to 127.0.0.1:to, else one that listens there.
static int ask(int netlink, uint16_t port, uint16_t to, struct inet_diag_msg *found) {
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 question;
    } request;
    memset(&request, 0, sizeof request);
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.head.nlmsg_flags = NLM_F_REQUEST;
    request.question.sdiag_family = AF_INET;
    request.question.sdiag_protocol = IPPROTO_TCP;
    request.question.idiag_states = ~0u;
    request.question.id.idiag_sport = htons(port);
    request.question.id.idiag_dport = htons(to);
    request.question.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
    request.question.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
    request.question.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request.question.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (send(netlink, &request, sizeof request, 0) != sizeof request) return -1;
    union {
        char bytes[4096];
        struct nlmsghdr head;
    } answer;
    ssize_t count;
    // The kernel answers within the call above: nothing is waited for.
    do count = recv(netlink, &answer, sizeof answer, MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    if (!NLMSG_OK(&answer.head, (unsigned)count)) {
        errno = EPROTO;
        return -1;
    }
    if (answer.head.nlmsg_type == SOCK_DIAG_BY_FAMILY
        && answer.head.nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg))) {
        memcpy(found, NLMSG_DATA(&answer.head), sizeof *found);
        return 0;
    }
    errno = EPROTO;
    if (answer.head.nlmsg_type == NLMSG_ERROR && answer.head.nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        struct nlmsgerr *error = NLMSG_DATA(&answer.head);
        if (error->error < 0) errno = -error->error;
    }
    return -1;
}

int linux_loopback_user(uint16_t port, uint16_t to, uid_t *user) {
    int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) {
        // ENOENT is for sockets that are not there.
        if (errno == ENOENT) errno = EPROTO;
        return -1;
    }
    struct inet_diag_msg found;
    int result = ask(netlink, port, to, &found);
    int code = errno;
    if (result == 0) {
        // What is left of a connection that was ended is root's to the kernel, whoever had it.
        if (is_connected(&found, port, to)) {
            *user = found.idiag_uid;
        } else {
            result = -1;
            code = ENOENT;
        }
    } else if (code == ENOENT && ask(netlink, to, port, &found) != 0) {
        // Not even who listens at the other end: this kernel cannot be asked (no module tcp_diag), and says the same.
        code = EPROTO;
    }
    close(netlink);
    errno = code;
    return result;
}

// Its port, if it is an address of 127.0.0.1; else 0.
static uint16_t loopback_port(const struct sockaddr_in *name) {
    return name->sin_family == AF_INET && name->sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? ntohs(name->sin_port) : 0;
}

// What has come to the other end and was not read there, as far as the kernel says it.
static uint32_t unread(int descriptor) {
    struct sockaddr_in own, peer;
    socklen_t length = sizeof own, peer_length = sizeof peer;
    memset(&own, 0, sizeof own);
    memset(&peer, 0, sizeof peer);
    if (getsockname(descriptor, (struct sockaddr *)&own, &length) != 0
        || getpeername(descriptor, (struct sockaddr *)&peer, &peer_length) != 0) return 0;
    uint16_t to = loopback_port(&own), port = loopback_port(&peer);
    if (to == 0 || port == 0) return 0;
    int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) return 0;
    struct inet_diag_msg found;
    int result = ask(netlink, port, to, &found);
    close(netlink);
    return result == 0 && is_connected(&found, port, to) ? found.idiag_rqueue : 0;
}

int linux_taken(int descriptor, uint64_t *bytes) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    if (length < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) {
        errno = EOPNOTSUPP;
        return -1;
    }
    *bytes = info.tcpi_bytes_acked - unread(descriptor);
    return 0;
}
