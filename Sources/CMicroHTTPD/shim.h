#pragma once
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

// MHD_OPTION_URI_LOG_CALLBACK has no type of its own in the library's header.
typedef void *(*cmhd_uri_callback)(void *context, const char *uri, struct MHD_Connection *connection);

// MHD_start_daemon is variadic. One polling thread (epoll), suspend and resume, strict parsing, our listening socket.
static inline struct MHD_Daemon *cmhd_start(
    int listening, size_t connection_memory, unsigned int connections, unsigned int silent_seconds, void *context,
    MHD_AccessHandlerCallback access, cmhd_uri_callback began, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connection_changed) {
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, access, context,
        MHD_OPTION_LISTEN_SOCKET, listening,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, silent_seconds,
        MHD_OPTION_URI_LOG_CALLBACK, began, context,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, context,
        MHD_OPTION_END);
}

// MHD_get_connection_info is variadic.
static inline const union MHD_ConnectionInfo *cmhd_connection_info(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type) {
    return MHD_get_connection_info(connection, type);
}
