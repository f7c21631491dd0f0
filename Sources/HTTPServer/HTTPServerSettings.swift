/// Where a server listens.
package enum HTTPListenAddress: Hashable, Sendable {
    /// 127.0.0.1; port 0 takes a free one.
    case loopback(port: UInt16)
    /// A socket file of mode 0600. A socket of ours that nobody listens on any more is replaced.
    case unix(path: String)
}

/// The limits of a server. The defaults suit a Raspberry Pi with some tens of clients.
package struct HTTPServerSettings: Sendable {
    /// Bytes of one request's body; a larger one is answered 413.
    package var bodyLimit = 16 << 20
    /// Bytes of all bodies that are under way at a time; a request whose body has no room is answered 503.
    package var totalBodyLimit = 128 << 20
    /// Bytes of a request line and its headers; more is answered 431. A kept connection holds twice as much memory.
    package var headerLimit = 8 << 10
    /// Header fields of one request; more is answered 431.
    package var headerCountLimit = 64
    /// Pages that may ask, as browsers name them in `Origin` (`https://pi.home:8443`); all others are answered 403. Also to these nothing
    /// is said that lets a page read an answer (CORS).
    package var origins: Set<String> = []
    /// Connections in all. One more than that ends the connection that has been idle longest; when none is idle, it is
    /// answered 503.
    package var connectionLimit = 256
    /// Connections above the limit that are taken in so that they can be given an answer, for 2 s at most.
    package var connectionReserve = 16
    /// Seconds from the first line of a request to the last byte of its body (where it is asked who comes, from the end of its
    /// head), and from the opening of a connection to that first line. Whoever takes longer is answered 408 and cut, however
    /// steadily the bytes drip. A body has as much more as what has come of it takes at ``slowest``, and its sender is never silent
    /// for longer.
    package var requestDeadline = 30.0
    /// Bytes in a second that are asked of who sends a body, and of who reads an answer.
    package var slowest = 2_048.0
    /// Seconds in which who reads an answer may take nothing of it (up to a quarter more is given); not of a socket file. How long a
    /// reader may take for all of it ``slowest`` says.
    package var stillLimit = 30.0
    /// Connections of one party; one more than that ends the one of them that has been idle longest; when none is idle, it is
    /// answered 429. See ``HTTPAdmission``.
    package var partyConnectionLimit = 32
    /// Bytes of the bodies of one party that are under way at a time; a request whose body has no room is answered 429 (`too_many`).
    package var partyBodyLimit = 32 << 20
    /// Connections of which nobody knows whose they are yet, as each is until it has sent the head of a request (all clients may come
    /// at once, after a start); one more than that ends one of them: see ``HTTPServer``.
    package var strangerLimit = 128
    /// Seconds that those have to say whose they are, from their opening on, and that a kept connection has for the head of its
    /// next request.
    package var headDeadline = 10.0
    /// How strangers are slowed down.
    package var strangerPace = StrangerPace()
    /// Seconds that a kept connection may wait for its next request: what comes after a pause should need no new one.
    package var idleLimit = 600.0
    /// Seconds that ``HTTPServer/stop()`` waits for answers to be sent.
    package var stopGrace = 1.0

    package init() {}
}

/// Why a server could not start.
package enum HTTPServerError: Error, Hashable, Sendable, CustomStringConvertible {
    case cannotListen(on: HTTPListenAddress, call: String, errno: Int32)
    /// Somebody answers on that socket file.
    case alreadyServed(path: String)
    /// Something that is not a socket of ours is in the place of the socket file.
    case occupied(path: String)
    case pathTooLong(path: String)
    case cannotStart(HTTPListenAddress)

    package var description: String {
        switch self {
        case .cannotListen(let address, let call, let code):
            "cannot listen on \(address.text): \(call) failed (\(errorText(code))); free it or choose another"
        case .alreadyServed(let path):
            "another process already listens on \(path); stop it first"
        case .occupied(let path):
            "\(path) exists and is not a socket of this user; move it away first"
        case .pathTooLong(let path):
            "the name of the socket \(path) is too long for a socket file; use a shorter one"
        case .cannotStart(let address):
            "libmicrohttpd could not start on \(address.text); look at the limits of open files and threads"
        }
    }
}

extension HTTPListenAddress {
    /// For messages.
    package var text: String {
        switch self {
        case .loopback(let port): "127.0.0.1:\(port)"
        case .unix(let path): path
        }
    }
}
