internal import CCurl
import Synchronization

/// One connection to one server, kept open between requests and opened again when it was lost.
///
/// `send` blocks; it is called from one thread at a time (never from the cooperative pool), `cancel` and `close` from
/// any. A kept connection that turns out to be dead before a line of an answer came is replaced, and the request
/// repeated on the new one.
// SAFETY: `easy`, `error` and the transfer are used only inside `send`, which `work` lets in once at a time; of `multi`
// other threads use only the wake-up, which libcurl makes safe (curl_multi_wakeup(3)).
package final class HTTPConnection: @unchecked Sendable {
    /// Where it goes.
    package let target: HTTPTarget
    /// Bytes of an answer's body that are taken.
    package let bodyLimit: Int
    // Through the multi interface, not curl_easy_perform: a wake-up reaches a request in any phase, also while it looks
    // up a name or connects, and needs no socket that might be closed meanwhile.
    private let multi: UnsafeMutableRawPointer
    private let easy: UnsafeMutableRawPointer
    /// What libcurl says about a failure.
    private let error: UnsafeMutablePointer<CChar>
    private let work = Mutex(Work.idle)

    private enum Work { case idle, sending, cancelled, closed }

    package init(_ target: HTTPTarget, bodyLimit: Int = 64 << 20) {
        _ = HTTPConnection.isReady
        self.target = target
        self.bodyLimit = bodyLimit
        guard let multi = curl_multi_init(), let easy = curl_easy_init() else {
            preconditionFailure("libcurl gives no handle: the machine is out of memory or descriptors")
        }
        self.multi = multi
        self.easy = easy
        error = .allocate(capacity: Int(CURL_ERROR_SIZE))
        error.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 1)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        error.deallocate()
    }

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Sends a request and waits for the whole answer, whatever its status.
    package func send(_ call: HTTPCall) throws(HTTPClientError) -> HTTPReply {
        try begin()
        defer { end() }
        let transfer = Transfer(target, bodyLimit: bodyLimit)
        let result = withExtendedLifetime(transfer) {
            call.body.withUnsafeBytes { body in
                perform(call, body, transfer)
            }
        }
        guard let result, !isInterrupted else { throw .cancelled }
        guard result == CURLE_OK else { throw failure(result, transfer, call) }
        // libcurl takes an answer that ends within its head for a whole one.
        guard transfer.isHeadWhole else {
            throw .unreachable(target: target.text, reason: "the connection ended in the middle of the answer")
        }
        return HTTPReply(
            status: transfer.status, headers: transfer.headers, body: transfer.body, bodyTime: transfer.bodyTime)
    }

    /// Makes the request in flight fail with `cancelled` at once; later ones are not concerned. Without one it does
    /// nothing. The `open` of an opened target must come back by itself.
    package func cancel() {
        let isNeeded = work.withLock { work in
            guard work == .sending else { return false }
            work = .cancelled
            return true
        }
        if isNeeded { curl_multi_wakeup(multi) }
    }

    /// As ``cancel()``, and every later request fails with `cancelled`.
    package func close() {
        work.withLock { $0 = .closed }
        curl_multi_wakeup(multi)
    }

    // MARK: One request at a time

    private func begin() throws(HTTPClientError) {
        let isOpen = work.withLock { work in
            precondition(work != .sending && work != .cancelled, "a connection carries one request at a time")
            if work == .idle { work = .sending }
            return work == .sending
        }
        guard isOpen else { throw .cancelled }
    }

    private func end() {
        work.withLock { work in
            if work != .closed { work = .idle }
        }
    }

    private var isInterrupted: Bool { work.withLock { $0 == .cancelled || $0 == .closed } }

    // MARK: Running it

    /// - Returns: nil when it was interrupted.
    private func perform(_ call: HTTPCall, _ body: UnsafeRawBufferPointer, _ transfer: Transfer) -> CURLcode? {
        let fields = setUp(call, body, transfer)
        defer { curl_slist_free_all(fields) }
        curl_multi_add_handle(multi, easy)
        // Taking it out before the end closes its connection.
        defer {
            curl_multi_remove_handle(multi, easy)
            _ = ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &transfer.status)
            // The callbacks' context ends with this request.
            curl_easy_reset(easy)
        }
        return run(call, transfer)
    }

    private func run(_ call: HTTPCall, _ transfer: Transfer) -> CURLcode? {
        var running: Int32 = 1
        var progress = Progress()
        while !isInterrupted {
            guard curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_OUT_OF_MEMORY }
            var left: Int32 = 0
            if let message = curl_multi_info_read(multi, &left), message.pointee.msg == CURLMSG_DONE {
                return ccurl_result(message)
            }
            var wait: Int32 = 60_000
            if let silence = call.silence {
                var sent: curl_off_t = 0
                _ = ccurl_get_large(easy, CURLINFO_SIZE_UPLOAD_T, &sent)
                let left = silence - progress.silence(at: Int(sent) + transfer.received)
                if left <= 0 { return CURLE_OPERATION_TIMEDOUT }
                wait = Int32(min(left * 1000 + 1, 60_000))
            }
            guard curl_multi_poll(multi, nil, 0, wait, nil) == CURLM_OK else { return CURLE_OUT_OF_MEMORY }
        }
        return nil
    }

    /// How long nothing has moved.
    private struct Progress {
        private var bytes = -1
        private var last = ContinuousClock.now

        /// - Returns: in seconds.
        mutating func silence(at bytes: Int) -> Double {
            let now = ContinuousClock.now
            if bytes != self.bytes { (self.bytes, last) = (bytes, now) }
            return (now - last) / .seconds(1)
        }
    }

    private func failure(_ result: CURLcode, _ transfer: Transfer, _ call: HTTPCall) -> HTTPClientError {
        if let failure = transfer.openError { return failure }
        if transfer.isTooLarge || result == CURLE_FILESIZE_EXCEEDED { return .tooLarge(limit: bodyLimit) }
        if result == CURLE_OPERATION_TIMEDOUT {
            return .timedOut(target: target.text, seconds: min(call.silence ?? .infinity, call.timeout))
        }
        let said = String(cString: error)
        let reason = transfer.openFailure ?? (said.isEmpty ? String(cString: curl_easy_strerror(result)) : said)
        return .unreachable(target: target.text, reason: reason)
    }
}

extension HTTPConnection {
    /// - Returns: the header list, to be freed after the request.
    private func setUp(
        _ call: HTTPCall, _ body: UnsafeRawBufferPointer, _ transfer: Transfer
    ) -> UnsafeMutablePointer<curl_slist>? {
        setLimits(call)
        setCallbacks(transfer)
        if case .unix(let path) = target { set(CURLOPT_UNIX_SOCKET_PATH, path) }
        set(CURLOPT_URL, "http://\(target.authority)\(call.path)")
        set(CURLOPT_PATH_AS_IS, 1)
        setMethod(call, body)
        let fields = headerList(call)
        _ = ccurl_set_pointer(easy, CURLOPT_HTTPHEADER, fields)
        return fields
    }

    private func setLimits(_ call: HTTPCall) {
        let milliseconds = max(1, Int(min(call.timeout, 86_400) * 1000))
        set(CURLOPT_TIMEOUT_MS, milliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
        set(CURLOPT_NOSIGNAL, 1)
        // What is read at once, in bytes.
        set(CURLOPT_BUFFERSIZE, 128 << 10)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_PROTOCOLS_STR, "http")
        // An empty name also keeps the environment's proxies out.
        set(CURLOPT_PROXY, "")
        _ = ccurl_set_large(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(bodyLimit))
        error.pointee = 0
        _ = ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, error)
    }

    private func setCallbacks(_ transfer: Transfer) {
        // The caller keeps the transfer until `perform` has reset the handle.
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        _ = ccurl_set_transfer(easy, CURLOPT_WRITEFUNCTION, bodyCallback)
        _ = ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = ccurl_set_transfer(easy, CURLOPT_HEADERFUNCTION, headerCallback)
        _ = ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        _ = ccurl_set_open_socket(easy, openSocketCallback)
        _ = ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context)
        _ = ccurl_set_ready(easy, readyCallback)
        _ = ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context)
    }

    private func setMethod(_ call: HTTPCall, _ body: UnsafeRawBufferPointer) {
        if call.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else if call.method == "GET" && body.isEmpty {
            set(CURLOPT_HTTPGET, 1)
        } else {
            // Not copied: it outlives the request.
            set(CURLOPT_POST, 1)
            _ = ccurl_set_large(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            _ = ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress ?? UnsafeRawPointer(error))
            set(CURLOPT_CUSTOMREQUEST, call.method)
        }
    }

    private func headerList(_ call: HTTPCall) -> UnsafeMutablePointer<curl_slist>? {
        var fields = curl_slist_append(nil, "Expect:")
        if !call.headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
            fields = curl_slist_append(fields, "Content-Type:")
        }
        for (name, value) in call.headers {
            let line = "\(name): \(value)"
            precondition(!line.utf8.contains { $0 < 0x20 }, "\(name) has a control character in its value")
            fields = curl_slist_append(fields, line)
        }
        return fields
    }

    private func set(_ option: CURLoption, _ value: Int) { _ = ccurl_set_long(easy, option, value) }
    private func set(_ option: CURLoption, _ value: String) { _ = ccurl_set_string(easy, option, value) }
}
