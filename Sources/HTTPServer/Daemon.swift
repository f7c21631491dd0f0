internal import CMicroHTTPD
import Glibc

/// The running libmicrohttpd daemon; owns the listening socket and its share of the core until it is stopped.
struct Daemon: ~Copyable {
    private let handle: OpaquePointer
    private let core: Unmanaged<ServerCore>

    /// - Returns: nil when the library cannot start. The socket stays the caller's then.
    init?(_ core: ServerCore, listening: Int32) {
        let context = Unmanaged.passRetained(core)
        let limits = core.settings
        let handle = cmhd_start(
            listening, memoryPerConnection(limits), UInt32(limits.connectionLimit + limits.connectionReserve),
            UInt32(limits.idleLimit + limits.requestDeadline) + 1, context.toOpaque(),
            accessCallback, beganCallback, completedCallback, connectionCallback)
        guard let handle else {
            context.release()
            return nil
        }
        self.handle = handle
        self.core = context
    }

    /// Takes no more connections and closes the listening socket.
    func quiesce() {
        let listening = MHD_quiesce_daemon(handle)
        if listening >= 0 { close(listening) }
    }

    /// Closes all connections and joins the thread. No connection may be suspended (libmicrohttpd would abort).
    consuming func stop() {
        MHD_stop_daemon(handle)
        core.release()
    }
}

/// Bytes. Twice the largest head: half of it is the first buffer, headers are indexed in the other. The first request
/// of a connection touches what it needs; before the second the library clears all of it.
private func memoryPerConnection(_ limits: HTTPServerSettings) -> Int { max(2 * limits.headerLimit, 16 << 10) }

// MARK: What the library calls, on its thread

/// SAFETY: `context` is the core that `Daemon` retains until the thread has ended.
private func core(_ context: UnsafeMutableRawPointer?) -> ServerCore? {
    context.map { Unmanaged<ServerCore>.fromOpaque($0).takeUnretainedValue() }
}

private let connectionCallback: MHD_NotifyConnectionCallback = { context, connection, socketContext, event in
    guard let core = core(context), let connection, let socketContext else { return }
    if event == .CONNECTION_NOTIFY_STARTED {
        // The number itself is the pointer; nobody follows it.
        socketContext.pointee = UnsafeMutableRawPointer(bitPattern: core.connectionOpened(connection))
    } else {
        core.connections.closed(UInt(bitPattern: socketContext.pointee))
    }
}

/// The request line has come. What is returned becomes the request's context.
private let beganCallback: cmhd_uri_callback = { context, target, connection in
    guard let core = core(context), let target, let connection else { return nil }
    let bytes = UnsafeBufferPointer(start: target, count: strlen(target)).map { UInt8(bitPattern: $0) }
    // Released in `completedCallback`, which follows for each request that has a context.
    return Unmanaged.passRetained(core.began(connection, target: bytes)).toOpaque()
}

private let accessCallback: MHD_AccessHandlerCallback = {
    context, connection, _, method, _, upload, uploadSize, requestContext in
    guard let core = core(context), let connection, let method, let uploadSize, let request = requestContext?.pointee
    else { return .NO }
    // SAFETY: retained by `beganCallback` until `completedCallback`.
    let exchange = Unmanaged<Exchange>.fromOpaque(request).takeUnretainedValue()
    let count = uploadSize.pointee
    uploadSize.pointee = 0
    guard count > 0, let upload else {
        return core.access(exchange, connection, method: String(cString: method), upload: .init(start: nil, count: 0))
    }
    // SAFETY: the library gives `count` bytes, which outlive this call.
    return upload.withMemoryRebound(to: UInt8.self, capacity: count) {
        core.access(exchange, connection, method: "", upload: UnsafeBufferPointer(start: $0, count: count))
    }
}

private let completedCallback: MHD_RequestCompletedCallback = { context, _, requestContext, _ in
    guard let core = core(context), let request = requestContext?.pointee else { return }
    requestContext?.pointee = nil
    // SAFETY: the reference of `beganCallback`.
    core.completed(Unmanaged<Exchange>.fromOpaque(request).takeRetainedValue())
}

// MARK: What the library answers

func descriptor(_ connection: OpaquePointer) -> Int32 {
    cmhd_connection_info(connection, .CONNECTION_INFO_CONNECTION_FD)?.pointee.connect_fd ?? -1
}

func connectionID(_ connection: OpaquePointer) -> ConnectionID {
    UInt(bitPattern: cmhd_connection_info(connection, .CONNECTION_INFO_SOCKET_CONTEXT)?.pointee.socket_context)
}

/// The header fields of the request, in order.
func fields(_ connection: OpaquePointer) -> [(name: String, value: [UInt8])] {
    var fields: [(name: String, value: [UInt8])] = []
    withUnsafeMutablePointer(to: &fields) { list in
        _ = MHD_get_connection_values_n(
            connection, .HEADER_KIND,
            { list, _, name, nameSize, value, valueSize in
                guard let list, let name else { return .NO }
                let nameBytes = UnsafeRawBufferPointer(start: name, count: nameSize)
                let valueBytes = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueSize)
                // SAFETY: the array of the enclosing function, which waits for this call.
                list.assumingMemoryBound(to: [(name: String, value: [UInt8])].self).pointee
                    .append((String(decoding: nameBytes, as: UTF8.self).lowercased(), Array(valueBytes)))
                return .YES
            }, list)
    }
    return fields
}
