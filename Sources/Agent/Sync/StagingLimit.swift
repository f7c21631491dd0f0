internal import ControlAPI
internal import Transport

extension HubConnection {
    /// Why so many bytes are not sent: the hub would remove them, as often as they come. Nil when there is room for them, as far as its quota
    /// goes.
    func reasonAgainst(staging bytes: Int64) -> String? {
        guard let quota = hello.quota, bytes > quota else { return nil }
        return
            "it has more bytes than one client may have on their way at the hub (\(quota >> 20) MiB), so it is not sent: raise "
            + "staging.max_mib in hub.json5 there, or make it 0"
    }
}

extension UploadPart {
    /// In bytes.
    var count: Int64 {
        switch self {
        case .file(_, let length): length
        case .range(_, let range): Int64(range.count)
        case .bytes(let bytes): Int64(bytes.count)
        }
    }
}
