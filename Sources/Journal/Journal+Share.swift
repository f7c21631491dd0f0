internal import SQLite

extension Journal {
    /// What the share's identity marker says; nil before the hub saw it for the first time.
    package var shareMarker: String? {
        get throws { try database.first("SELECT marker FROM share_marker") { try $0.text(0) } }
    }

    /// From now on a share whose marker says otherwise is another one.
    package func setShareMarker(_ marker: String) throws {
        try database.execute("INSERT OR REPLACE INTO share_marker (id, marker) VALUES (1, ?)", marker)
    }
}
