import Settings

@testable import Hub

/// The schemas of the description, and whether a value is as one of them says. Knows what stands in them and no more: the rest of
/// JSON Schema is a problem.
struct Schemas {
    let document: JSONValue

    init() throws { document = try JSONValue(APIDescription.json) }

    func named(_ name: String) -> JSONValue? { document["components", "schemas", name] }

    /// By name, and then by keys.
    func at(_ path: String) -> JSONValue? {
        let names = path.split(separator: "/").map(String.init)
        var found = names.first.flatMap(named)
        for name in names.dropFirst() { found = found?.fields?[name] }
        return found
    }

    /// What is wrong with a value; nil if nothing is.
    func problem(_ value: JSONValue, _ schema: JSONValue) -> String? {
        guard let rules = schema.fields else { return "no schema: \(schema)" }
        for (rule, wanted) in rules {
            if let problem = problem(value, rule, wanted, rules) { return problem }
        }
        return nil
    }

    private func problem(
        _ value: JSONValue, _ rule: String, _ wanted: JSONValue, _ rules: [String: JSONValue]
    ) -> String? {
        switch rule {
        case "$ref":
            let name = wanted.text?.split(separator: "/").last.map(String.init) ?? ""
            return named(name).map { problem(value, $0) } ?? "there is no \(name)"
        case "type":
            let names = wanted.items?.compactMap(\.text) ?? [wanted.text ?? ""]
            return names.contains { value.isOf(type: $0) } ? nil : "\(value) is not of \(names)"
        case "const": return value == wanted ? nil : "\(value) is not \(wanted)"
        case "enum": return wanted.items?.contains(value) == true ? nil : "\(value) is none of \(wanted)"
        case "anyOf":
            let problems = wanted.items?.map { problem(value, $0) } ?? []
            return problems.contains(nil) ? nil : problems.compactMap { $0 }.joined(separator: "; ")
        case "required":
            guard let fields = value.fields else { return nil }
            return wanted.items?.compactMap(\.text).first { fields[$0] == nil }.map { "lacks \($0)" }
        case "properties":
            for (key, item) in value.fields ?? [:] {
                if let problem = wanted[key].flatMap({ problem(item, $0) }) { return "\(key): \(problem)" }
            }
            return nil
        case "items": return value.items?.lazy.compactMap { problem($0, wanted) }.first
        case "minimum": return (value.integer ?? .max) >= wanted.integer! ? nil : "\(value) is too small"
        case "maximum": return (value.integer ?? .min) <= wanted.integer! ? nil : "\(value) is too large"
        case "minLength", "maxLength", "minItems", "maxItems", "maxProperties":
            guard let count = value.count(for: rule) else { return nil }
            return (rule.hasPrefix("min") ? count >= wanted.integer! : count <= wanted.integer!)
                ? nil : "\(value) has \(count), \(rule) is \(wanted)"
        case "pattern":
            guard let text = value.text else { return nil }
            guard let pattern = wanted.text, let expression = try? Regex(pattern) else {
                return "no pattern: \(wanted)"
            }
            return text.contains(expression) ? nil : "\(text) is not like \(pattern)"
        case "description", "format", "contentEncoding", "contentMediaType": return nil
        default: return "nobody knows the rule \(rule) of \(rules)"
        }
    }
}

extension JSONValue {
    fileprivate func isOf(type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .integer: type == "integer" || type == "number"
        case .number: type == "number"
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    fileprivate func count(for rule: String) -> Int64? {
        switch self {
        case .string(let text): rule.hasSuffix("Length") ? Int64(text.unicodeScalars.count) : nil
        case .array(let items): rule.hasSuffix("Items") ? Int64(items.count) : nil
        case .object(let fields): rule.hasSuffix("Properties") ? Int64(fields.count) : nil
        default: nil
        }
    }
}
