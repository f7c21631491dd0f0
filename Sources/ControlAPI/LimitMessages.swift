import SyncCore

/// `POST /v1/limit`: how fast bytes of files may move between the hub and one client by name, or `all`.
package struct LimitRequest: Codable, Hashable, Sendable {
    /// Its name; nil with `all`.
    package var client: String?
    /// True, or left out.
    package var all: Bool?
    /// To the hub: a ``SyncCore/Timetable`` as text; nil leaves it as it is.
    package var up: String?
    /// From the hub, likewise.
    package var down: String?
    package init(client: String?, all: Bool = false, up: String? = nil, down: String? = nil) {
        self.client = client
        self.all = all ? true : nil
        self.up = up
        self.down = down
    }
}

/// The limits of one client, as somebody asked for them at the hub.
package struct LimitsMessage: Codable, Hashable, Sendable {
    /// To the hub: a ``SyncCore/Timetable`` as text.
    package var up: String
    /// From the hub, likewise.
    package var down: String
    package init(up: Timetable, down: Timetable) {
        self.up = "\(up)"
        self.down = "\(down)"
    }

    /// Nil for none.
    package static func unlessOff(up: Timetable, down: Timetable) -> LimitsMessage? {
        up.isOff && down.isOff ? nil : LimitsMessage(up: up, down: down)
    }

    /// As a query for changes says them.
    package var queryText: String {
        String("\(up);\(down)".map { $0 == " " ? "+" : $0 })
    }
    /// The same of no limits.
    package static let noneInQuery = ";"

    /// - Throws: ``WireError`` that names the field and what is wrong with it.
    package func timetables() throws(WireError) -> (up: Timetable, down: Timetable) {
        (try Timetable(wire: up, field: "up"), try Timetable(wire: down, field: "down"))
    }
}

extension Timetable {
    /// - Throws: ``WireError`` that names the field and what is wrong with it.
    package init(wire text: String, field: String) throws(WireError) {
        do throws(TimetableError) { try self.init(text) } catch {
            throw .badValue(field: field, reason: error.description)
        }
    }
}
