internal import CSSH2

extension SSHSession {
    /// The methods that are offered, and nothing else: with neither chacha20-poly1305 nor an -etm MAC the Terrapin prefix
    /// attack (CVE-2023-48795) has no target, though libssh2 1.10 lacks strict key exchange.
    private static let methods: [(Int32, String)] = [
        (LIBSSH2_METHOD_KEX, "curve25519-sha256,curve25519-sha256@libssh.org"),
        (LIBSSH2_METHOD_HOSTKEY, HostKey.algorithm),
        (LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes256-ctr"),
        (LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes256-ctr"),
        (LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512"),
        (LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512"),
        (LIBSSH2_METHOD_COMP_CS, "none"),
        (LIBSSH2_METHOD_COMP_SC, "none"),
    ]

    func handshake(until deadline: Deadline) throws(SSHError) {
        for (kind, names) in SSHSession.methods {
            let code = libssh2_session_method_pref(handle, kind, names)
            if code != 0 { throw error(Int(code)) }
        }
        let code = try perform("shaking hands", until: deadline) { Int(libssh2_session_handshake(handle, socket)) }
        if code != 0 { throw error(code) }
    }

    /// The handshake has proved that the server holds the key; whether it is the right one is decided here alone.
    func check(_ expected: HostKey) throws(SSHError) {
        var length = 0
        var kind: Int32 = 0
        guard let bytes = libssh2_session_hostkey(handle, &length, &kind) else {
            throw fail(.protocolFailure(code: LIBSSH2_ERROR_HOSTKEY_INIT, message: "the server showed no host key"))
        }
        // SAFETY: libssh2 keeps `length` bytes at this address as long as the session lives.
        let found = HostKey(blob: Array(UnsafeRawBufferPointer(start: bytes, count: length)))
        guard found == expected else {
            throw fail(.hostKeyChanged(expected: expected.fingerprint, found: found.fingerprint))
        }
    }

    func logIn(_ user: String, key: [CChar], until deadline: Deadline) throws(SSHError) {
        let code = try perform("logging in", until: deadline) {
            Int(libssh2_userauth_publickey_frommemory(handle, user, user.utf8.count, nil, 0, key, key.count, nil))
        }
        switch Int32(code) {
        case 0: return
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            throw fail(.refusedKey(user: user))
        case LIBSSH2_ERROR_FILE, LIBSSH2_ERROR_METHOD_NONE:
            throw fail(.unusableKey(reason: lastMessage))
        default: throw error(code)
        }
    }
}
