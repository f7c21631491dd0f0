import ControlAPI
import Hashing
import Settings
import SyncCore
import Testing

@testable import Hub

/// The description of the API that the hub serves is true: it has every route and every field, and no other ones.
struct DescriptionTests {
    /// Read once.
    private static let read = Result { try Schemas() }
    private let schemas: Schemas

    init() throws { schemas = try Self.read.get() }

    // MARK: - Routes

    @Test func `each route is in it, and each that is in it is a route`() throws {
        let paths = try #require(schemas.document["paths"]?.fields)
        let told = paths.flatMap { path, operations in
            (operations.fields ?? [:]).keys.map { "\($0.uppercased()) \(path)" }
        }
        // That one is answered at the door.
        #expect(Set(told) == Set(Route.allCases.map(\.rawValue) + ["GET \(SecretProof.path)"]))
    }

    private func operation(_ route: Route) throws -> JSONValue {
        try #require(schemas.document["paths", route.path, route.method.lowercased()])
    }

    @Test(arguments: Route.allCases)
    func `a route is told with its answers, and with who may ask`(route: Route) throws {
        let operation = try operation(route)
        let answers = try #require(operation["responses"]?.fields)
        for code in ["200", "400", "401", "403", "404", "405", "408", "411", "413", "429", "431", "500", "503"] {
            #expect(answers[code] != nil, "\(route) \(code)")
        }
        #expect((operation["requestBody"] != nil) == (route.method == "POST"))
        // What can be no answer of anything is not told, and every answer that is named is there.
        let known = Set(ErrorCode.allCases.map { "\($0.status)" }).union(["200", "408", "411", "431"])
        #expect(Set(answers.keys).isSubset(of: known))
        for answer in answers.values {
            guard let name = answer["$ref"]?.text?.split(separator: "/").last else { continue }
            #expect(schemas.document["components", "responses", String(name)] != nil)
        }
        let who = operation["description"]?.text ?? ""
        #expect(who.hasPrefix("Clients only") == (AccessTable.refusal(route, .administrator) != nil))
        let member = AccessTable.refusal(route, .client(name: "a", isAdmin: false), target: "b")
        #expect(who.hasPrefix("Administrators") == (member != nil))
        let reader = AccessTable.refusal(route, .client(name: "a", isAdmin: false, isReadOnly: true), target: "a")
        #expect(who.hasSuffix("not those that are read-only.") == (reader != nil && member == nil))
    }

    @Test func `every code of an error is in it`() throws {
        let codes = try #require(schemas.at("Error/properties/error/properties/code/enum")?.items).compactMap(\.text)
        #expect(Set(ErrorCode.allCases.map(\.rawValue)).isSubset(of: codes))
        #expect(Set(codes).count == codes.count)
        let responses = try #require(schemas.document["components", "responses"]?.fields)
        for response in responses.values {
            #expect(response["content", "application/json", "schema", "$ref"]?.text == "#/components/schemas/Error")
        }
    }

    @Test func `every schema is named by something, and every name is a schema's`() throws {
        var named: Set<String> = []
        func look(_ value: JSONValue) {
            if let name = value["$ref"]?.text, name.contains("/schemas/") {
                named.insert(String(name.split(separator: "/").last ?? ""))
            }
            value.fields?.values.forEach(look)
            value.items?.forEach(look)
        }
        look(schemas.document)
        #expect(Set(try #require(schemas.document["components", "schemas"]?.fields).keys) == named)
    }

    // MARK: - Served

    @Test func `the hub serves it to whoever has a token, and to nobody else`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        for token in [HubFixture.adminToken, laptop.token] {
            let reply = hub.send("GET", "/v1/openapi", token: token)
            #expect(reply.status == 200 && reply.body == APIDescription.json)
        }
        #expect(hub.send("GET", "/v1/openapi", token: nil).status == 401)
    }

    @Test func `the proof of a secret is as it is described`() throws {
        let hub = try HubFixture()
        let path = SecretProof.path + SecretProof(of: HubFixture.adminToken).query(SecretProof.nonce())
        let reply = try JSONValue(hub.send("GET", path, token: nil).body)
        #expect(try schemas.problem(reply, #require(schemas.named("Proof"))) == nil)
    }

    @Test func `a refusal says what would be taken: which methods, which sort of token`() throws {
        let hub = try HubFixture()
        let wrong = hub.send("DELETE", "/v1/status")
        #expect(wrong.status == 405 && wrong.headers["allow"] == "GET")
        #expect(hub.send("GET", "/v1/commit").headers["allow"] == "POST")
        #expect(hub.send("GET", "/v1/nowhere").headers["allow"] == nil)
        let unknown = hub.send("GET", "/v1/status", token: "nobody's")
        #expect(unknown.status == 401 && unknown.headers["www-authenticate"] == "Bearer")
    }

    // MARK: - Messages

    @Test(arguments: MessageSample.all)
    func `a message has the fields that its schema has, and needs those that it requires`(sample: MessageSample) throws
    {
        let schema = try #require(schemas.at(sample.schema), "\(sample.schema)")
        let whole = try JSONValue(Array(sample.json.utf8))
        let fields = try #require(whole.fields)
        #expect(schemas.problem(whole, schema) == nil, "\(sample.schema)")
        let properties = Set(schema["properties"]?.fields?.keys.map(\.self) ?? [])
        let required = Set(schema["required"]?.items?.compactMap(\.text) ?? [])
        #expect(properties == Set(fields.keys), "\(sample.schema): the sample has other fields")
        let read = try sample.read(whole.bytes)
        #expect(try JSONValue(read.written) == whole, "\(sample.schema): not all of it was read")
        #expect(read.fields == properties.count, "\(sample.schema): the message has \(read.fields) fields")
        for (key, value) in fields {
            let label = "\(sample.schema).\(key)"
            var less = fields
            less[key] = nil
            #expect((schemas.problem(.object(less), schema) == nil) != required.contains(key), "\(label)")
            #expect((try? sample.read(JSONValue.object(less).bytes)) == nil || !required.contains(key), "\(label)")
            #expect((try? sample.read(JSONValue.object(less).bytes)) != nil || required.contains(key), "\(label)")
            // Of another sort.
            var other = fields
            other[key] = value.fields == nil ? .object(["x": .integer(1)]) : .string("x")
            #expect(schemas.problem(.object(other), schema) != nil, "\(label)")
            #expect((try? sample.read(JSONValue.object(other).bytes)) == nil, "\(label)")
            guard sample.isAsked else { continue }
            // What may be left out may be null in what is asked.
            other[key] = .null
            #expect((schemas.problem(.object(other), schema) == nil) == !required.contains(key), "\(label)")
            #expect((try? sample.read(JSONValue.object(other).bytes)) != nil || required.contains(key), "\(label)")
        }
    }

    @Test(arguments: [
        ("file", ["sha256", "size", "mode", "mtime"]), ("directory", ["mode"]), ("symlink", ["target", "mtime"]),
    ])
    func `of each kind a content needs what its schema says`(kind: String, needed: [String]) throws {
        let schema = try #require(schemas.named("Content"))
        let whole = try JSONValue(Array(MessageSample.content.utf8))
        var fields = try #require(whole.fields)
        fields["kind"] = .string(kind)
        for key in fields.keys {
            var less = fields
            less[key] = nil
            let isGood = key == "kind" ? false : !needed.contains(key)
            #expect((schemas.problem(.object(less), schema) == nil) == isGood, "\(kind) without \(key)")
            let read = try? WireFormat.decode(ContentMessage.self, from: JSONValue.object(less).bytes).content()
            #expect((read != nil) == isGood, "\(kind) without \(key)")
        }
        for variant in schema["anyOf"]?.items ?? [] {
            #expect(Set(variant["properties"]?.fields?.keys.map(\.self) ?? []) == Set(fields.keys))
        }
    }

    @Test(arguments: [
        ("create", ["name", "content", "parent", "parent_operation"]), ("edit", ["node", "content_base", "content"]),
        ("move", ["node", "location_base", "name", "parent", "parent_operation"]),
        ("delete", ["node", "content_base", "location_base"]),
    ])
    func `of each verb an operation needs what its schema says`(verb: String, needed: [String]) throws {
        let schema = try #require(schemas.named("Operation"))
        var fields = try #require(try JSONValue(Array(MessageSample.operation.utf8)).fields)
        fields["verb"] = .string(verb)
        for place in ["parent", "parent_operation"] {
            var one = fields
            one[place] = nil
            for key in one.keys {
                var less = one
                less[key] = nil
                let isGood = !(needed + ["number", "verb"]).contains(key)
                #expect((schemas.problem(.object(less), schema) == nil) == isGood, "\(verb) without \(key)")
                let read = try? WireFormat.decode(OperationMessage.self, from: JSONValue.object(less).bytes)
                    .operation(generation: "g")
                #expect((read != nil) == isGood, "\(verb) without \(key)")
            }
        }
        for variant in schema["anyOf"]?.items ?? [] {
            #expect(Set(variant["properties"]?.fields?.keys.map(\.self) ?? []) == Set(fields.keys))
        }
    }

    @Test func `each schema of a message has a sample`() throws {
        let all = try #require(schemas.document["components", "schemas"]?.fields)
        let withFields = all.filter { $0.value["properties"] != nil }.map(\.key)
        let others: Set = ["Description", "Proof"]
        #expect(Set(withFields).subtracting(MessageSample.all.map(\.schema)) == others)
    }
}
