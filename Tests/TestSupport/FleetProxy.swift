import Glibc
import Processes

/// A TCP proxy on 127.0.0.1 between an agent and its hub: counts the bytes of each direction, cuts connections, and holds
/// back what would go beyond a mark. Any thread.
package final class FleetProxy: Sendable {
    package enum Direction: Sendable { case up, down }

    private struct State {
        var up = 0
        var down = 0
        /// Bytes that may flow in total; nil for any number.
        var upMark: Int?
        var downMark: Int?
        /// What one connection may carry; nil for any number.
        var upLimit: Int?
        var downLimit: Int?
        var held = 0
        /// Of one connection and direction, in bytes a second; nil for as fast as it goes.
        var rate: Int?
        /// What each connection has carried up.
        var carriedUp: [Int] = []
        var isRefusing = false
        var isClosed = false
        var sockets: Set<Int32> = []
        var connections = 0

        func room(_ direction: Direction) -> Int {
            switch direction {
            case .up: upMark.map { max($0 - up, 0) } ?? .max
            case .down: downMark.map { max($0 - down, 0) } ?? .max
            }
        }
    }

    package let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Monitor(State())

    /// Passes everything on to a port of this machine.
    package init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0, let port = FleetPorts.bind(listener), listen(listener, 64) == 0 else {
            throw FleetProgram.Failure("the proxy cannot listen: errno \(errno)")
        }
        self.port = port
        let (listener, target, state) = (listener, target, state)
        startThread("proxy") { FleetProxy.accept(listener, target, state) }
    }

    deinit { close() }

    /// Bytes that went to the hub and came from it so far.
    package var bytes: (up: Int, down: Int) { state.withLock { ($0.up, $0.down) } }
    /// Bytes of both directions.
    package var total: Int { state.withLock { $0.up + $0.down } }
    /// How many connections were made through it.
    package var connections: Int { state.withLock { $0.connections } }

    /// Lets so many more bytes through in a direction, then holds everything back (the connections stay open) until
    /// ``release()``.
    package func hold(after more: Int, _ direction: Direction) {
        state.withLock {
            switch direction {
            case .up: $0.upMark = $0.up + more
            case .down: $0.downMark = $0.down + more
            }
        }
    }

    /// Lets no connection carry more than so many bytes in a direction, until ``release()``; new ones begin anew.
    package func limit(each bytes: Int, _ direction: Direction) {
        state.withLock {
            switch direction {
            case .up: $0.upLimit = bytes
            case .down: $0.downLimit = bytes
            }
        }
    }

    /// Lets each connection carry so many bytes a second in each direction.
    package func pace(each rate: Int?) { state.withLock { $0.rate = rate } }

    /// How many connections have carried so many bytes up.
    package func connections(carrying bytes: Int) -> Int {
        state.withLock { $0.carriedUp.count { $0 >= bytes } }
    }

    /// Blocks until a connection is held by its limit.
    package func waitForLimit(_ timeout: Duration = .seconds(60)) throws {
        guard state.wait(timeout: timeout, { $0.held > 0 ? () : nil }) != nil else {
            throw FleetProgram.Failure("no connection came to its limit within \(timeout): \(bytes) bytes went")
        }
    }

    /// Blocks until the mark is reached.
    package func waitForMark(_ direction: Direction, _ timeout: Duration = .seconds(30)) throws {
        guard state.wait(timeout: timeout, { $0.room(direction) == 0 ? () : nil }) != nil else {
            throw FleetProgram.Failure("the transfer did not get to its mark within \(timeout): \(bytes) bytes went")
        }
    }

    /// Everything flows again.
    package func release() {
        state.withLock {
            $0.upMark = nil
            $0.downMark = nil
            ($0.upLimit, $0.downLimit, $0.held) = (nil, nil, 0)
        }
    }

    /// Breaks all connections; new ones work.
    package func cut() {
        state.withLock { state in for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) } }
    }

    /// Breaks all connections and takes no new ones, or takes them again.
    package func setRefusing(_ isRefusing: Bool) {
        state.withLock { $0.isRefusing = isRefusing }
        if isRefusing { cut() }
    }

    /// Ends it.
    package func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        release()
        cut()
    }

    // MARK: - Threads

    private static func accept(_ listener: Int32, _ target: UInt16, _ state: Monitor<State>) {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            let server = state.withLock({ $0.isRefusing || $0.isClosed }) ? -1 : FleetPorts.connect(target)
            guard server >= 0 else {
                Glibc.close(client)
                continue
            }
            for socket in [client, server] { FleetPorts.setNoDelay(socket) }
            state.withLock {
                $0.sockets.formUnion([client, server])
                $0.connections += 1
            }
            let ends = Monitor(2)
            let closeBoth: @Sendable () -> Void = {
                let isLast = ends.withLock { left in
                    left -= 1
                    return left == 0
                }
                guard isLast else { return }
                state.withLock { state in
                    state.sockets.subtract([client, server])
                    Glibc.close(client)
                    Glibc.close(server)
                }
            }
            startThread("proxy up") {
                pump(client, server, .up, state)
                closeBoth()
            }
            startThread("proxy down") {
                pump(server, client, .down, state)
                closeBoth()
            }
        }
        Glibc.close(listener)
    }

    private static func pump(_ from: Int32, _ to: Int32, _ direction: Direction, _ state: Monitor<State>) {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        var carried = 0
        var isHeld = false
        let number = state.withLock { state in
            state.carriedUp.append(0)
            return state.carriedUp.count - 1
        }
        defer {
            shutdown(from, Int32(SHUT_RDWR))
            shutdown(to, Int32(SHUT_RDWR))
        }
        while true {
            let count = recv(from, &block, block.count, 0)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            var rest = block[..<count]
            while !rest.isEmpty {
                // What may go now is counted before it goes, so that two connections do not use one allowance.
                let allowed =
                    state.wait { state -> Int? in
                        if state.isClosed { return 0 }
                        let limit = direction == .up ? state.upLimit : state.downLimit
                        let own = limit.map { max($0 - carried, 0) } ?? .max
                        let room = min(state.room(direction), rest.count, own)
                        if own == 0, !isHeld {
                            isHeld = true
                            state.held += 1
                        }
                        if room == 0 { return nil }
                        switch direction {
                        case .up:
                            state.up += room
                            state.carriedUp[number] += room
                        case .down: state.down += room
                        }
                        return room
                    } ?? 0
                if allowed == 0 { return }
                carried += allowed
                state.withLock { _ in }  // Wakes who waits for the mark.
                guard sendAll(to, rest.prefix(allowed)) else { return }
                if let rate = state.look({ $0.rate }) { usleep(UInt32(allowed * 1_000_000 / rate)) }
                rest = rest.dropFirst(allowed)
            }
        }
    }

    private static func sendAll(_ socket: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            // SAFETY: the slice's own length goes along.
            let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Ports of this machine for tests.
package enum FleetPorts {
    /// Ports are given in turn, each once in a round: a hub that is being restarted keeps its own. Below those that `synchub init`
    /// chooses by itself, and below those that the kernel gives to outgoing connections.
    private static let range: Range<Int> = 12_000..<20_000
    private static let given = Monitor(Int.random(in: range))

    private static func next() -> UInt16 {
        given.withLock { port in
            port = port + 1 < range.upperBound ? port + 1 : range.lowerBound
            return UInt16(port)
        }
    }

    /// A port that is free now, and that no other test of this process was given lately.
    package static func free() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        guard let port = bind(descriptor) else { preconditionFailure("no port is free") }
        return port
    }

    static func bind(_ descriptor: Int32) -> UInt16? {
        for _ in 0..<200 {
            let port = next()
            if use(address(port), { Glibc.bind(descriptor, $0, $1) }) == 0 { return port }
        }
        return nil
    }

    static func connect(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if use(address(port), { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
        close(descriptor)
        return -1
    }

    static func setNoDelay(_ socket: Int32) {
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func use(
        _ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        // SAFETY: a sockaddr_in is a sockaddr of its own length.
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
