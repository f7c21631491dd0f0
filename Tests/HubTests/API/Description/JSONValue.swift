import FoundationEssentials
import Settings

/// Any JSON, as the settings read it.
extension JSONValue {
    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) }

    var fields: [String: JSONValue]? { if case .object(let fields) = self { fields } else { nil } }
    var items: [JSONValue]? { if case .array(let items) = self { items } else { nil } }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    subscript(_ keys: String...) -> JSONValue? {
        keys.reduce(self as JSONValue?) { value, key in value?.fields?[key] }
    }

    /// As a request says it.
    var bytes: [UInt8] { Array(written.utf8) }

    private var written: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text):
            "\""
                + text.unicodeScalars.map {
                    $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.value < 0x20 ? "\\n" : String($0)
                }.joined() + "\""
        case .array(let items): "[" + items.map(\.written).joined(separator: ",") + "]"
        case .object(let fields):
            "{" + fields.map { "\(JSONValue.string($0.key).written):\($0.value.written)" }.joined(separator: ",") + "}"
        }
    }
}
